#include "reconciler/cli/command_line.hpp"

#include "reconciler/cli/config_file.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iostream>
#include <set>

namespace trueup {

namespace {

constexpr std::string_view overview =
    R"(trueup makes a REST API match a directory of YAML manifests.

Examples:
  trueup validate -f manifests/                 check the manifests, without any network
  trueup plan -f manifests/                     show what would change
  trueup apply -f manifests/                    change it, after asking
  trueup plan -f manifests/ --out p && trueup apply p -f manifests/
                                                apply exactly what was shown
  trueup run -f manifests/                      keep it so, as a daemon
  trueup sandbox --listen 127.0.0.1:8080        an API to try all this against

Exit codes: 0 success, 1 error, 2 changes are present (plan --detailed-exitcode), 3 refused by a guard.
Every option can also be set as TRUEUP_OPTION_NAME in the environment, or in trueup.yaml beside the manifests.)";

std::optional<std::string> environment(const std::string& name)
{
    const char* value = std::getenv(name.c_str()); // before any thread is started
    return value != nullptr ? std::optional<std::string>(value) : std::nullopt;
}

std::filesystem::path default_config(const std::vector<std::string>& manifests)
{
    std::filesystem::path first = manifests.empty() ? "." : manifests.front();
    std::error_code ignored;
    if (!std::filesystem::is_directory(first, ignored))
        first = first.parent_path();
    return first / "trueup.yaml";
}

} // namespace

std::string environment_name(const std::string& option)
{
    std::string name = "TRUEUP_";
    for (const char c : option) {
        if (c >= 'a' && c <= 'z')
            name += static_cast<char>(c - 'a' + 'A');
        else if (c == '-')
            name += '_';
        else
            name += c;
    }
    return name;
}

CommandLine::CommandLine() : app_(std::make_unique<CLI::App>(std::string(overview), "trueup"))
{
    app_->require_subcommand(1);
    app_->set_version_flag("--version", std::string("trueup ") + TRUEUP_VERSION);
    app_->get_formatter()->column_width(34);
    add_plan();
    add_apply();
    add_run();
    add_state();
    add_kinds();
    add_sandbox();
    add_daemon_readers();
    add_daemon_writers();
    add_others();
}

void CommandLine::add_common(CLI::App& command)
{
    Settings& s = settings_;
    command.add_option(
        "--config", s.config, "Configuration file (default: trueup.yaml beside the manifests)");
    command
        .add_option("-f,--manifests",
                    s.manifests,
                    "Manifest file or directory, or - (repeatable; default: .)")
        ->allow_extra_args(false);
    command.add_option("--endpoint", s.endpoint, "URL of the API (or SPECTROCLOUD_HOST)");
    command.add_option("--project", s.project, "Act only on this project");
    command.add_option(
        "--state", s.state, "State file (default: .trueup/state.db beside the manifests)");
    command.add_option("--kinds", s.kinds, "Further kind files or directories (repeatable)")
        ->allow_extra_args(false);
    command.add_option(
        "--rate", s.rate, "Requests a second for each rate-limit group, or unlimited");
    command.add_option("--settle",
                       s.settle,
                       "How long a lost create may still take effect (default: as each kind says)");
    command.add_option("--timeout",
                       s.timeout,
                       "How long one call of the API may take, such as 30s (default: 60s)");
    command
        .add_option(
            "--var", s.vars, "Variable for ${NAME} in manifests, as NAME=VALUE (repeatable)")
        ->allow_extra_args(false);
    command
        .add_option(
            "--env-var", s.env_vars, "Name that ${NAME} may take from the environment (repeatable)")
        ->allow_extra_args(false);
    command.add_option(
        "--api-key-file", s.api_key_file, "File with the API key (or SPECTROCLOUD_APIKEY)");
    command.add_option("--login-file", s.login_file, "YAML file with email, org and password");
    command.add_option("--ca-file", s.ca_file, "PEM file of the authorities to trust");
    command.add_option("--client-cert", s.client_cert, "PEM file of our certificate");
    command.add_option("--client-key", s.client_key, "PEM file of its key");
    command.add_option("--owner", s.owner, "Name under which objects are marked as ours");
    command.add_option("--adopt", s.adopt, "What to do with what exists unmarked")
        ->check(CLI::IsMember({"ifEqual", "never", "takeOver"}));
    command.add_option("--log-format", s.log_format, "How to log")
        ->check(CLI::IsMember({"text", "json"}));
    command.add_option("--log-level", s.log_level, "From where on to log")
        ->check(CLI::IsMember({"debug", "info", "warning", "error"}));
    command.add_flag("--no-color", s.no_color, "No colours (or NO_COLOR)");
}

void CommandLine::add_selection(CLI::App& command)
{
    Settings& s = settings_;
    command.add_flag("--prune", s.prune, "Also delete what is ours and no longer declared");
    command.add_flag("--destroy", s.destroy, "Delete everything that is ours");
    command
        .add_option("--target", s.targets, "Only this address and what it depends on (repeatable)")
        ->allow_extra_args(false);
    command
        .add_option("--exclude", s.excludes, "Not this address nor what depends on it (repeatable)")
        ->allow_extra_args(false);
    command
        .add_option("--refresh",
                    s.refresh,
                    "full: read each object; auto: trust complete list entries; none: compare "
                    "with what was last applied, without looking (plan only)")
        ->check(CLI::IsMember({"full", "auto", "none"}));
    command.add_option("--max-missing",
                       s.max_missing,
                       "Most owned objects of a kind that may be gone at once, as N or N%");
    command.add_option("--max-deletes",
                       s.max_deletes,
                       "Most objects to delete, as N or N% (default: the larger of 10 and 30%)");
}

void CommandLine::add_plan()
{
    CLI::App* plan =
        app_->add_subcommand("plan", "Show what would change; writes nothing anywhere");
    add_common(*plan);
    add_selection(*plan);
    plan->add_option("--out", settings_.out, "Save the plan, to apply exactly this");
    plan->add_flag("--json", settings_.json, "Print one JSON document");
    plan->add_flag(
        "--detailed-exitcode", settings_.detailed_exitcode, "Exit 2 when there are changes");
    plan->add_flag("--show-unchanged", settings_.show_unchanged, "List what is unchanged too");
    plan->footer("Example: trueup plan -f manifests/ --detailed-exitcode");
}

void CommandLine::add_apply()
{
    CLI::App* apply =
        app_->add_subcommand("apply", "Make it so: show the plan, ask, then change it");
    add_common(*apply);
    add_selection(*apply);
    apply->add_option(
        "plan-file", settings_.plan_file, "A plan that plan --out saved: does that or refuses");
    apply->add_flag("--yes", settings_.yes, "Do not ask");
    apply->add_option("--parallelism", settings_.parallelism, "Actions at a time")
        ->check(CLI::Range(1, 256));
    apply->add_option(
        "--grace", settings_.grace, "How long a delete waits, and can be taken back (0s)");
    apply->add_option("--override-freeze",
                      settings_.override_freeze,
                      "Write during a freeze window all the same; the reason is put on record");
    apply->add_option("--wait", settings_.wait, "How long to wait for readiness: 10m, or none");
    apply->footer("Examples:\n  trueup apply -f manifests/ --yes\n"
                  "  trueup apply -f manifests/ --prune --max-deletes 3");
}

void CommandLine::add_state()
{
    CLI::App* state = app_->add_subcommand("state", "What trueup remembers");
    state->require_subcommand(1);
    CLI::App* list = state->add_subcommand("list", "Addresses of what is ours");
    add_common(*list);
    list->add_flag("--json", settings_.json, "As JSON");
    list->footer("Example: trueup state list -f manifests/ --json");
    CLI::App* show = state->add_subcommand("show", "Everything remembered of one resource");
    add_common(*show);
    show->add_option("address", settings_.address, "Kind/scope/name")->required();
    show->footer("Example: trueup state show Role/tenant/auditor -f manifests/");
    add_upkeep(*state);
    CLI::App* remove = state->add_subcommand("rm", "Forget one resource; deletes nothing remotely");
    add_common(*remove);
    remove->add_option("address", settings_.address, "Kind/scope/name")->required();
    remove->footer("Example: trueup state rm Role/tenant/auditor -f manifests/");
}

void CommandLine::add_kinds()
{
    CLI::App* kinds = app_->add_subcommand("kinds", "The kinds of resources that trueup knows");
    kinds->require_subcommand(1);
    CLI::App* list = kinds->add_subcommand("list", "Names, scopes and what identifies them");
    add_common(*list);
    list->footer("Examples:\n  trueup kinds list\n"
                 "  trueup kinds list --kinds my-kinds/           with kinds of your own");
    CLI::App* show = kinds->add_subcommand("show", "Fields and calls of one kind");
    add_common(*show);
    show->add_option("kind", settings_.name, "Name of the kind")->required();
    show->footer("Example: trueup kinds show ClusterProfile");
    CLI::App* check =
        kinds->add_subcommand("check", "Check kind files, alone or against an API document");
    add_common(*check);
    check->add_option("--spec", settings_.spec, "Swagger 2.0 document to compare with");
    check->footer("Example: trueup kinds check --kinds my-kinds/ --spec swagger.json");
}

void CommandLine::add_sandbox()
{
    Settings& s = settings_;
    CLI::App* sandbox = app_->add_subcommand(
        "sandbox", "Serve an API with Palette's conventions, to try things against");
    sandbox->add_option("--listen", s.listen, "Address and port; port 0 takes a free one");
    sandbox->add_option("--api-key", s.api_key, "The key that is accepted");
    sandbox->add_option("--data", s.data, "File to keep the objects in");
    sandbox->add_option("--fault", s.faults, "Misbehave, for example cut-after:7 (repeatable)")
        ->allow_extra_args(false);
    sandbox->add_option("--latency", s.latency, "Answer after this long, such as 50ms");
    sandbox->add_option("--rate", s.rate, "Requests a second for each path prefix before 429");
    sandbox->footer("Example: trueup sandbox --listen 127.0.0.1:8080 --data sandbox.json");
}

void CommandLine::add_others()
{
    CLI::App* validate =
        app_->add_subcommand("validate", "Check manifests: syntax, schema, references; no network");
    add_common(*validate);
    validate->footer("Example: trueup validate -f manifests/");
    CLI::App* import = app_->add_subcommand("import", "Take an existing object as ours");
    add_common(*import);
    import->add_option("address", settings_.address, "Kind/scope/name of its manifest")->required();
    import->add_option("uid", settings_.uid, "Its uid in the API")->required();
    import->footer("Example: trueup import Role/tenant/auditor 66f2a1c09d3b7e0011223344");
    CLI::App* completion = app_->add_subcommand("completion", "Print a completion script");
    completion->add_option("shell", settings_.name, "bash, zsh or fish")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh", "fish"}));
    completion->footer("Example: source <(trueup completion bash)");
}

std::optional<std::string> CommandLine::parse(int argc, const char* const* argv, int& exit_code)
{
    try {
        app_->parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        exit_code = app_->exit(error) == 0 ? 0 : 1;
        return std::nullopt;
    }
    settings_.arguments.assign(argv, argv + argc);
    CLI::App* command = app_->get_subcommands().front();
    std::string name = command->get_name();
    if (!command->get_subcommands().empty()) {
        command = command->get_subcommands().front();
        name += " " + command->get_name();
    }
    if (auto filled = fill_from_environment_and_file(*command); !filled) {
        std::cerr << "trueup: " << filled.error().text() << "\n";
        exit_code = 1;
        return std::nullopt;
    }
    return name;
}

Result<void> CommandLine::parse_again(const std::vector<std::string>& arguments)
{
    std::vector<const char*> argv;
    argv.reserve(arguments.size());
    for (const std::string& argument : arguments)
        argv.push_back(argument.c_str());
    try {
        app_->parse(static_cast<int>(argv.size()), argv.data());
    } catch (const CLI::ParseError& error) {
        return Error{Errc::invalid_input, error.what()};
    }
    settings_.arguments = arguments;
    CLI::App* command = app_->get_subcommands().front();
    if (!command->get_subcommands().empty())
        command = command->get_subcommands().front();
    return fill_from_environment_and_file(*command);
}

namespace {

// Settings that are more than a word or a list of words; whoever uses one reads it.
constexpr std::array<std::string_view, 3> sections{"freeze", "git", "limits"};
// Options that choose what a plan is about.
constexpr std::array<std::string_view, 6> selections{
    "prune", "destroy", "target", "exclude", "project", "adopt"};

// The option that the setting `name` stands for, or null. The file cannot name itself.
CLI::Option* setting_of(CLI::App& command, const std::string& name)
{
    const bool reads_file = command.get_option_no_throw("--config") != nullptr;
    if (!reads_file || name == "config" || name == "help")
        return nullptr;
    return command.get_option_no_throw("--" + name);
}

// The same of any command below `parent`.
CLI::Option* setting_below(CLI::App& parent, const std::string& name)
{
    for (CLI::App* command : parent.get_subcommands([](const CLI::App*) { return true; })) {
        CLI::Option* option = setting_of(*command, name);
        if (option == nullptr)
            option = setting_below(*command, name);
        if (option != nullptr)
            return option;
    }
    return nullptr;
}

// "onBadManifest" as options are written: "on-bad-manifest".
std::string option_name(const std::string& key)
{
    std::string name;
    for (const char c : key) {
        if (c >= 'A' && c <= 'Z') {
            name += '-';
            name += static_cast<char>(c - 'A' + 'a');
        } else {
            name += c;
        }
    }
    return name;
}

Result<void>
set_option(CLI::Option& option, const std::vector<std::string>& values, const std::string& where)
{
    try {
        for (const std::string& value : values)
            option.add_result(value);
        option.run_callback();
    } catch (const CLI::Error& error) {
        return Error{Errc::invalid_input, error.what(), where};
    }
    return {};
}

} // namespace

Result<void> CommandLine::fill_from_environment_and_file(CLI::App& command)
{
    for (CLI::Option* option : command.get_options()) {
        const std::string name = option->get_single_name();
        if (option->get_positional() || option->count() != 0 || name == "help")
            continue;
        const std::string variable = environment_name(name);
        const auto value = environment(variable);
        if (!value || value->empty())
            continue;
        settings_.places[name] = variable;
        if (auto fine = set_option(*option, {*value}, variable); !fine)
            return fine;
    }
    if (command.get_option_no_throw("--config") == nullptr)
        return {};
    const bool given = !settings_.config.empty();
    const std::filesystem::path file =
        given ? std::filesystem::path(settings_.config) : default_config(settings_.manifests);
    auto config = read_config_file(file, given);
    if (!config)
        return config.error();
    if (!*config)
        return {};
    settings_.config_file = file;
    std::set<std::string> seen; // a name can be written in two ways
    for (const auto& [key, value] : **config) {
        const std::string name = option_name(key);
        if (!seen.insert(name).second)
            return Error{Errc::invalid_input,
                         "the setting " + name + " stands here twice, in two spellings",
                         place_in(file, value)};
        if (auto fine = take_setting(command, key, value); !fine)
            return fine;
    }
    return {};
}

Result<void>
CommandLine::take_setting(CLI::App& command, const std::string& key, const Value& value)
{
    const std::string place = place_in(settings_.config_file, value);
    if (std::ranges::find(sections, key) != sections.end()) {
        if (value.is_null())
            return words_of_setting(key, value, Takes::one, settings_.config_file).error();
        settings_.sections[key] = value;
        return {};
    }
    const std::string name = option_name(key);
    CLI::Option* own = setting_of(command, name);
    // What only other commands know must be a setting all the same.
    const CLI::Option* option = own != nullptr ? own : setting_below(*app_, name);
    if (option == nullptr) {
        std::vector<std::string> known = names_of(command);
        known.insert(known.end(), sections.begin(), sections.end());
        return Error{
            Errc::invalid_input, "unknown setting " + key, place, did_you_mean(name, known)};
    }
    const Takes takes = option->get_expected_max() > 1 ? Takes::many : Takes::one;
    const auto words = words_of_setting(key, value, takes, settings_.config_file);
    if (!words)
        return words.error();
    // A saved plan says itself what it is about.
    const bool is_fixed =
        !settings_.plan_file.empty() && std::ranges::find(selections, name) != selections.end();
    if (own == nullptr || is_fixed || own->count() != 0 || words->empty())
        return {};
    settings_.places[name] = place;
    return set_option(*own, *words, place);
}

std::vector<std::string> CommandLine::names_of(const CLI::App& command)
{
    std::vector<std::string> names;
    for (const CLI::Option* option : command.get_options())
        names.push_back(option->get_single_name());
    return names;
}

} // namespace trueup
