// Completion scripts, made from the commands and options themselves so that they cannot lag behind.

#include "reconciler/cli/commands.hpp"
#include "reconciler/cli/console.hpp"

#include <CLI/CLI.hpp>

namespace trueup {

namespace {

struct Entry {
    std::string path; // "state list"
    std::vector<std::string> words;
};

void collect(const CLI::App& app, const std::string& path, std::vector<Entry>& entries)
{
    Entry entry;
    entry.path = path;
    for (const CLI::App* child : app.get_subcommands([](const CLI::App*) { return true; }))
        entry.words.push_back(child->get_name());
    for (const CLI::Option* option : app.get_options())
        for (const std::string& name : option->get_lnames())
            entry.words.push_back("--" + name);
    entries.push_back(std::move(entry));
    for (const CLI::App* child : app.get_subcommands([](const CLI::App*) { return true; }))
        collect(*child, path.empty() ? child->get_name() : path + " " + child->get_name(), entries);
}

std::string joined(const std::vector<std::string>& words)
{
    std::string text;
    for (const std::string& word : words)
        text += (text.empty() ? "" : " ") + word;
    return text;
}

// The function of that name for bash; zsh runs the same through bashcompinit.
std::string bash_function(const std::string& name, const std::vector<Entry>& entries)
{
    std::string script = name + "() {\n"
                                "    local cur=\"${COMP_WORDS[COMP_CWORD]}\" path=\"\" word\n"
                                "    for word in \"${COMP_WORDS[@]:1:$((COMP_CWORD - 1))}\"; do\n"
                                "        case \"$path $word\" in\n";
    for (const Entry& entry : entries) {
        if (entry.path.empty())
            continue;
        const std::size_t space = entry.path.find(' ');
        script += "            \"" + (space == std::string::npos ? " " + entry.path : entry.path) +
                  "\") path=\"" + entry.path + "\" ;;\n";
    }
    script += "        esac\n    done\n    case \"$path\" in\n";
    for (const Entry& entry : entries)
        script += "        \"" + entry.path + "\") COMPREPLY=($(compgen -f -W \"" +
                  joined(entry.words) + "\" -- \"$cur\")) ;;\n";
    return script + "    esac\n}\ncomplete -o filenames -F " + name + " trueup\n";
}

// Works as a file `_trueup` in $fpath, which zsh runs when it completes for the first time, and
// when it is sourced.
std::string zsh_script(const std::vector<Entry>& entries)
{
    return "#compdef trueup\nautoload -U +X bashcompinit && bashcompinit\n" +
           bash_function("_trueup_words", entries) +
           "if [ \"$funcstack[1]\" = _trueup ]; then\n"
           "    _bash_complete -o filenames -F _trueup_words\nfi\n";
}

std::string fish_script(const std::vector<Entry>& entries)
{
    std::string script = "complete -c trueup -e\n";
    for (const Entry& entry : entries) {
        const std::string condition =
            entry.path.empty()
                ? "__fish_use_subcommand"
                : "__fish_seen_subcommand_from " + entry.path.substr(entry.path.rfind(' ') + 1);
        for (const std::string& word : entry.words) {
            const bool option = word.starts_with("--");
            script += "complete -c trueup -n \"" + condition + "\" " +
                      (option ? "-l " + word.substr(2) : "-a " + word) + "\n";
        }
    }
    return script;
}

} // namespace

int run_completion(const CommandLine& command_line, const std::string& shell)
{
    std::vector<Entry> entries;
    collect(command_line.app(), "", entries);
    if (shell == "fish")
        print(fish_script(entries));
    else if (shell == "zsh")
        print(zsh_script(entries));
    else
        print(bash_function("_trueup", entries));
    return 0;
}

} // namespace trueup
