// Completion scripts, made from the commands and options themselves so that they cannot lag behind.

#include "api/kinds/catalogue.hpp"
#include "reconciler/cli/commands.hpp"
#include "reconciler/cli/console.hpp"

#include <CLI/CLI.hpp>

namespace trueup {

namespace {

struct Entry {
    std::string path;               // "state list"
    std::vector<std::string> words; // that may stand here
    bool takes_files = false;       // so may files
    // What each option takes that takes one of a few words.
    std::vector<std::pair<std::string, std::vector<std::string>>> values;
};

// The words of which `option` takes one, as its check tells them: "TEXT:{text,json}".
std::vector<std::string> choices_of(const CLI::Option& option)
{
    const std::string type = option.get_type_name();
    const std::size_t begin = type.find(":{");
    if (begin == std::string::npos || !type.ends_with('}'))
        return {};
    return CLI::detail::split(type.substr(begin + 2, type.size() - begin - 3), ',');
}

void collect(const CLI::App& app, const std::string& path, std::vector<Entry>& entries)
{
    Entry entry;
    entry.path = path;
    for (const CLI::App* child : app.get_subcommands([](const CLI::App*) { return true; }))
        entry.words.push_back(child->get_name());
    entry.takes_files = entry.words.empty();
    for (const CLI::Option* option : app.get_options()) {
        const std::vector<std::string> choices = choices_of(*option);
        if (option->get_positional() && !choices.empty()) {
            entry.words.insert(entry.words.end(), choices.begin(), choices.end());
            entry.takes_files = false;
        }
        for (const std::string& name : option->get_lnames()) {
            entry.words.push_back("--" + name);
            if (!choices.empty())
                entry.values.emplace_back("--" + name, choices);
        }
    }
    entries.push_back(std::move(entry));
    for (const CLI::App* child : app.get_subcommands([](const CLI::App*) { return true; }))
        collect(*child, path.empty() ? child->get_name() : path + " " + child->get_name(), entries);
}

// The names of the kinds that are compiled in, where one is asked for.
void add_kinds_to(Entry& entry)
{
    const auto sources = catalogue_sources({});
    if (!sources)
        return;
    Diagnostics ignored;
    const std::vector<std::string> names = load_catalogue(*sources, ignored).names();
    entry.words.insert(entry.words.begin(), names.begin(), names.end());
    entry.takes_files = false;
}

std::string joined(const std::vector<std::string>& words)
{
    std::string text;
    for (const std::string& word : words)
        text += (text.empty() ? "" : " ") + word;
    return text;
}

// How the scripts see that a command was typed: the path so far, and the word that follows.
std::string words_to(const Entry& entry)
{
    return entry.path.find(' ') == std::string::npos ? " " + entry.path : entry.path;
}

// What bash does once it knows the command: sets `offer`, and `files` where files may stand too.
std::string bash_case(const Entry& entry)
{
    std::string script = "        \"" + entry.path + "\") case \"$prev\" in\n";
    for (const auto& [option, choices] : entry.values)
        script += "            " + option + ") offer=\"" + joined(choices) + "\" ;;\n";
    script += "            *) offer=\"" + joined(entry.words) + "\"" +
              (entry.takes_files ? " files=-f" : "") + " ;;\n";
    return script + "            esac ;;\n";
}

// The function of that name for bash; zsh runs the same through bashcompinit.
std::string bash_function(const std::string& name, const std::vector<Entry>& entries)
{
    std::string script =
        name + "() {\n"
               "    local cur=\"${COMP_WORDS[COMP_CWORD]}\" prev=\"${COMP_WORDS[COMP_CWORD-1]}\"\n"
               "    local path=\"\" word offer=\"\" files=\"\"\n"
               "    # --option=value is three words\n"
               "    if [ \"$cur\" = = ]; then\n"
               "        cur=\"\"\n"
               "    elif [ \"$prev\" = = ]; then\n"
               "        prev=\"${COMP_WORDS[COMP_CWORD-2]}\"\n"
               "    fi\n"
               "    for word in \"${COMP_WORDS[@]:1:$((COMP_CWORD - 1))}\"; do\n"
               "        case \"$path $word\" in\n";
    for (const Entry& entry : entries) {
        if (entry.path.empty())
            continue;
        script += "            \"" + words_to(entry) + "\") path=\"" + entry.path + "\" ;;\n";
    }
    script += "        esac\n    done\n    case \"$path\" in\n";
    for (const Entry& entry : entries)
        script += bash_case(entry);
    return script +
           "    esac\n    COMPREPLY=($(compgen $files -W \"$offer\" -- \"$cur\"))\n}\n"
           "complete -o filenames -F " +
           name + " trueup\n";
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
    std::string script =
        "# Whether the words before the one that is typed are those of a command.\n"
        "function __trueup_at\n"
        "    set -l path ''\n"
        "    for word in (commandline -opc)[2..-1]\n"
        "        switch \"$path $word\"\n";
    for (const Entry& entry : entries)
        if (!entry.path.empty())
            script += "            case '" + words_to(entry) + "'\n                set path '" +
                      entry.path + "'\n";
    script += "        end\n    end\n    test \"$path\" = \"$argv\"\nend\n"
              "complete -c trueup -e\n";
    for (const Entry& entry : entries) {
        const std::string begin = "complete -c trueup -n '__trueup_at " + entry.path + "' ";
        if (!entry.takes_files)
            script += begin + "-f\n";
        for (const std::string& word : entry.words)
            script +=
                begin + (word.starts_with("--") ? "-l " + word.substr(2) : "-a " + word) + "\n";
        for (const auto& [option, choices] : entry.values)
            script += begin + "-l " + option.substr(2) + " -x -a '" + joined(choices) + "'\n";
    }
    return script;
}

} // namespace

int run_completion(const CommandLine& command_line, const std::string& shell)
{
    std::vector<Entry> entries;
    collect(command_line.app(), "", entries);
    for (Entry& entry : entries)
        if (entry.path == "kinds show")
            add_kinds_to(entry);
    if (shell == "fish")
        print(fish_script(entries));
    else if (shell == "zsh")
        print(zsh_script(entries));
    else
        print(bash_function("_trueup", entries));
    return 0;
}

} // namespace trueup
