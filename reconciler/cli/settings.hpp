// What the user asked for: flags, then environment (TRUEUP_*), then the configuration file.

#pragma once

#include "state/model/result.hpp"
#include "state/model/value.hpp"

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace trueup {

// The values as they were given; each command reads what it needs and checks it there.
struct Settings {
    Settings() = default;

    // Common options (design.md 8).
    std::string config;
    std::vector<std::string> manifests;
    std::string endpoint;
    std::string project;
    std::string state;
    std::vector<std::string> kinds;
    std::string rate;
    std::string settle;
    std::string timeout;
    std::vector<std::string> vars;
    std::vector<std::string> env_vars; // names that ${VAR} may take from the environment
    std::string api_key_file;
    std::string login_file;
    std::string ca_file;
    std::string client_cert;
    std::string client_key;
    std::string log_format;
    std::string log_level;
    std::string owner;
    std::string adopt;
    bool no_color = false;

    // plan and apply
    std::string out;
    bool json = false;
    bool detailed_exitcode = false;
    bool prune = false;
    bool destroy = false;
    bool show_unchanged = false;
    std::vector<std::string> targets;
    std::vector<std::string> excludes;
    std::string refresh;
    std::string plan_file;
    bool yes = false;
    std::size_t parallelism = 10;
    std::string max_deletes;
    std::string max_missing;
    std::string wait;
    std::string override_freeze;

    // run
    std::string mode;
    bool dry_run = false;
    bool once = false;
    std::string interval;
    std::string jitter;
    std::string quiet_period;
    std::string on_bad_manifest;
    std::string grace;
    std::string approve_file;
    std::string approval_expiry;
    std::string backoff_min;
    std::string backoff_max;
    std::string stop_timeout;
    std::string serve; // where to listen for scrapers, --listen of run

    // What trueup.yaml says in more than one word: freeze, limits. With its places in the file.
    std::map<std::string, Value> sections;
    std::filesystem::path config_file; // that they were read from
    // Where each option was set that is not on the command line: "trueup.yaml:3", "TRUEUP_RATE".
    std::map<std::string, std::string> places;
    std::string place_of(const std::string& option) const
    {
        const auto found = places.find(option);
        return found != places.end() ? found->second : std::string();
    }
    std::vector<std::string> arguments; // the command line, to be read anew

    // state, import, kinds, completion
    std::string address;
    std::string new_address;
    std::string uid;
    std::string name;
    std::string spec;

    // what speaks to a daemon
    std::string socket;
    std::string socket_group;
    std::string serve_token_file;
    bool all = false;
    std::size_t limit = 100;
    std::string reason;
    std::string length;

    // sandbox
    std::string listen = "127.0.0.1:0";
    std::string api_key = "sandbox";
    std::string data;
    std::vector<std::string> faults;
    std::string latency;
};

} // namespace trueup
