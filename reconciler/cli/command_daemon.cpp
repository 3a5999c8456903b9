// The commands that ask a running daemon and tell it what to do: status, history, explain, diff,
// approve, suspend, resume.

#include "reconciler/cli/commands.hpp"
#include "reconciler/cli/console.hpp"
#include "reconciler/cli/control_client.hpp"
#include "reconciler/cli/workspace.hpp"
#include "reconciler/daemon/status_json.hpp"
#include "reconciler/daemon/status_text.hpp"
#include "state/model/json.hpp"

#include <algorithm>

namespace trueup {

namespace {

// Records of one resource that are shown with an explanation.
constexpr std::size_t explained_max = 10;

int fail(const Error& error)
{
    print_error(error);
    return exit_code_of(error);
}

WallTime time_now()
{
    boost::asio::io_context context;
    return make_system_clock(context)->wall();
}

RenderOptions rendering(const Settings& settings)
{
    RenderOptions options;
    options.colour = colour_of(settings);
    return options;
}

int print_json(const Value& value)
{
    print(json::write_pretty(value) + "\n");
    return 0;
}

Result<std::string> checked_address(const std::string& text)
{
    const auto address = Address::parse(text);
    if (!address)
        return address.error();
    return address->text();
}

// The newest records, of one resource or of all, as the daemon or the state itself has them.
Result<Value> find_history(const Settings& settings, const std::string& address, std::size_t max)
{
    std::string target = "/v1/history?limit=" + std::to_string(max);
    if (!address.empty())
        target += "&address=" + percent_encode(address, "+");
    auto told = ask_daemon(settings, target);
    if (told || told.error().code != Errc::network)
        return told;
    Workspace workspace;
    const std::filesystem::path file = state_file(settings);
    std::error_code ignored;
    if (!std::filesystem::exists(file, ignored))
        return Error{Errc::not_found,
                     "there is neither a daemon nor a state",
                     file.string(),
                     "check --socket, --state and -f"};
    if (auto key = open_state(workspace, settings, Access::read); !key)
        return key.error();
    const auto records = workspace.store->audit(address.empty() ? max : audit_search_max);
    if (!records)
        return records.error();
    List list;
    for (const AuditRecord& record : *records)
        if ((address.empty() || record.address == address) && list.size() < max)
            list.push_back(audit_value(record));
    Map map;
    map.set("records", std::move(list));
    return Value(std::move(map));
}

std::vector<AuditRecord> records_in(const Value& answer)
{
    std::vector<AuditRecord> records;
    for (const Value& item : items_of(answer, "records"))
        records.push_back(read_audit(item));
    return records;
}

// What can be said of a resource while no daemon runs: what the state remembers.
int explain_from_state(const Settings& settings, const std::string& address)
{
    Workspace workspace;
    if (auto key = open_state(workspace, settings, Access::read); !key)
        return fail(key.error());
    const auto record = workspace.store->record(address);
    if (!record)
        return fail(record.error());
    const auto history = find_history(settings, address, explained_max);
    if (!history)
        return fail(history.error());
    const auto records = records_in(*history);
    if (!*record && records.empty())
        return fail(Error{Errc::not_found,
                          "no daemon runs, and the state knows nothing of it",
                          address,
                          "see trueup state list"});
    if (settings.json) {
        Map map;
        map.set("address", address);
        map.set("owned", record->has_value());
        map.set("history", items_of(*history, "records"));
        return print_json(map);
    }
    print("No daemon runs; this is what the state remembers.\n" + printable(address) +
          (*record ? " is ours, uid " + printable((*record)->uid) + ", last written " +
                         (*record)->updated_at
                   : " is not ours") +
          "\n" + render_history(records) + "What differs now: trueup plan --target " +
          printable(address) + "\n");
    return 0;
}

} // namespace

int run_status(Settings& settings)
{
    const auto answer = ask_daemon(settings, "/v1/status");
    if (!answer)
        return fail(answer.error());
    const auto all = ask_daemon(settings, "/v1/resources");
    if (!all)
        return fail(all.error());
    if (settings.json) {
        Map map = answer->if_map() != nullptr ? *answer->if_map() : Map();
        map.set("resources", items_of(*all, "resources"));
        return print_json(map);
    }
    std::vector<ResourceStatus> shown;
    for (const Value& item : items_of(*all, "resources")) {
        ResourceStatus resource = read_resource(item);
        if (settings.all || resource.condition != Health::ready)
            shown.push_back(std::move(resource));
    }
    print(render_status(read_status(*answer), shown, time_now()));
    return 0;
}

int run_history(Settings& settings)
{
    std::string address;
    if (!settings.address.empty()) {
        auto checked = checked_address(settings.address);
        if (!checked)
            return fail(checked.error());
        address = std::move(*checked);
    }
    const auto answer = find_history(settings, address, settings.limit);
    if (!answer)
        return fail(answer.error());
    if (settings.json)
        return print_json(*answer);
    print(render_history(records_in(*answer)));
    return 0;
}

int run_explain(Settings& settings)
{
    const auto address = checked_address(settings.address);
    if (!address)
        return fail(address.error());
    const auto answer = ask_daemon(settings, "/v1/resources/" + *address);
    if (!answer && answer.error().code == Errc::network)
        return explain_from_state(settings, *address);
    if (!answer)
        return fail(answer.error());
    const auto history = find_history(settings, *address, explained_max);
    if (!history)
        return fail(history.error());
    if (settings.json) {
        Map map = answer->if_map() != nullptr ? *answer->if_map() : Map();
        map.set("history", items_of(*history, "records"));
        return print_json(map);
    }
    print(render_explanation(
        read_resource(*answer), records_in(*history), rendering(settings), time_now()));
    return 0;
}

int run_diff(Settings& settings)
{
    const auto address = checked_address(settings.address);
    if (!address)
        return fail(address.error());
    const auto answer = ask_daemon(settings, "/v1/resources/" + *address);
    if (!answer && answer.error().code == Errc::network)
        return fail(Error{answer.error().code,
                          answer.error().message,
                          "",
                          "without one, use: trueup plan --target " + *address});
    if (!answer)
        return fail(answer.error());
    if (settings.json) {
        Map map;
        map.set("address", *address);
        map.set("changes", items_of(*answer, "changes"));
        return print_json(map);
    }
    print(render_difference(read_resource(*answer), rendering(settings)));
    return 0;
}

namespace {

int tell(const Settings& settings,
         const std::string& target,
         const Map& body,
         const std::string& done)
{
    const auto answer = tell_daemon(settings, target, body);
    if (!answer)
        return fail(answer.error());
    if (settings.json)
        return print_json(*answer);
    print(done);
    return 0;
}

std::string shown_target(const std::string& target)
{
    return target.empty() ? "everything" : target;
}

} // namespace

int run_reconcile(Settings& settings)
{
    return tell(settings, "/v1/reconcile", Map(), "A round will start as soon as one can.\n");
}

int run_approve(Settings& settings)
{
    Map body;
    body.set("digest", settings.name);
    return tell(settings,
                "/v1/approve",
                body,
                "Approved. The daemon carries it out if nothing has changed since.\n");
}

int run_suspend(Settings& settings)
{
    Map body;
    body.set("target", settings.address);
    body.set("reason", settings.reason);
    body.set("for", settings.length);
    return tell(settings,
                "/v1/suspend",
                body,
                "Suspended " + shown_target(settings.address) + "; resume with: trueup resume " +
                    settings.address + "\n");
}

int run_resume(Settings& settings)
{
    Map body;
    body.set("target", settings.address);
    return tell(settings, "/v1/resume", body, "Resumed " + shown_target(settings.address) + ".\n");
}

} // namespace trueup
