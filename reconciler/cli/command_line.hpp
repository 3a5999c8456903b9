// The commands and options of the binary, with their help.

#pragma once

#include "reconciler/cli/settings.hpp"

#include <CLI/App.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace trueup {

// What a command does with the settings; returns the exit code.
using Command = std::function<int(Settings&)>;

class CommandLine {
public:
    CommandLine();

    // Parses, fills what was not given from the environment and the configuration file, and returns
    // the name of the command ("plan", "state list", ...). On --help or a mistake the text was
    // printed and the exit code is in `exit_code`.
    std::optional<std::string> parse(int argc, const char* const* argv, int& exit_code);

    // Parses a command line that was parsed before, now that the configuration file may say
    // something else. Fails with invalid_input and prints nothing.
    Result<void> parse_again(const std::vector<std::string>& arguments);

    Settings& settings() { return settings_; }
    const CLI::App& app() const { return *app_; }

private:
    void add_common(CLI::App& command);
    void add_selection(CLI::App& command);
    void add_plan();
    void add_apply();
    void add_run();
    void add_state();
    void add_kinds();
    void add_sandbox();
    void add_control(CLI::App& command);
    void add_daemon_readers();
    void add_upkeep(CLI::App& state);
    void add_daemon_writers();
    void add_others();
    Result<void> fill_from_environment_and_file(CLI::App& command);
    // Takes one setting of the configuration file, unless the option has a value already.
    Result<void> take_setting(CLI::App& command, const std::string& key, const Value& value);
    static std::vector<std::string> names_of(const CLI::App& command);

    Settings settings_;
    std::unique_ptr<CLI::App> app_;
};

// "--max-deletes" as its environment variable: TRUEUP_MAX_DELETES.
std::string environment_name(const std::string& option);

} // namespace trueup
