// state list, show and rm, and import.

#include "reconciler/cli/commands.hpp"
#include "reconciler/cli/console.hpp"
#include "reconciler/cli/planning.hpp"
#include "reconciler/engine/keepsakes.hpp"
#include "state/model/json.hpp"

#include <algorithm>

namespace trueup {

namespace {

int fail(const Error& error)
{
    print_error(error);
    return exit_code_of(error);
}

Value as_value(const Record& record)
{
    Map map;
    map.set("address", record.address);
    map.set("kind", record.kind);
    map.set("uid", record.uid);
    if (!record.scope_uid.empty())
        map.set("scopeUid", record.scope_uid);
    map.set("lastApplied", record.last_applied);
    map.set("preventDestroy", record.prevent_destroy);
    map.set("deletionPolicy", record.abandon ? "abandon" : "delete");
    List before;
    for (const std::string& address : record.depends_on)
        before.emplace_back(address);
    map.set("dependsOn", std::move(before));
    if (!record.waiting.empty())
        map.set("waiting", record.waiting);
    map.set("updatedAt", record.updated_at);
    return map;
}

Result<Record> find_record(Store& store, const std::string& text)
{
    auto address = Address::parse(text);
    if (!address)
        return address.error();
    auto record = store.record(address->text());
    if (!record)
        return record.error();
    if (!*record)
        return Error{
            Errc::not_found, "it is not in the state", address->text(), "see trueup state list"};
    return std::move(**record);
}

// Where the address lives; asks the API for the uid of its project.
Task<Result<Scope>> find_scope(Workspace& workspace, Address address)
{
    const Kind* kind = workspace.catalogue.find(address.kind());
    const Kind* scope_kind = kind != nullptr ? workspace.catalogue.find(kind->parent) : nullptr;
    if (!address.project() || scope_kind == nullptr)
        co_return Scope();
    std::vector<std::string> key;
    key.push_back(*address.project());
    Scope tenant;
    CallContext context(address.text());
    auto found = co_await workspace.reader().look_up(
        *scope_kind, tenant, std::move(key), std::move(context));
    if (!found)
        co_return found.error();
    if (found->size() != 1)
        co_return Error{Errc::not_found,
                        "its project " + *address.project() +
                            (found->empty() ? " does not exist" : " is not unique"),
                        address.text()};
    co_return Scope(*address.project(), found->front().uid);
}

// Whether the state has `uid` under `address` already. Fails with conflict where something else
// stands in the way: what was ours stays as it is remembered.
Result<bool> is_ours_already(Store& store, const Address& address, const std::string& uid)
{
    const auto records = store.records();
    if (!records)
        return records.error();
    const std::string& wanted = address.text();
    if (auto settled = check_settled(store, {wanted}); !settled)
        return settled.error();
    for (const Record& record : *records) {
        if (record.address == wanted && record.uid == uid)
            return true;
        if (record.address == wanted)
            return Error{Errc::conflict,
                         "the state has the object with the uid " + record.uid + " for it",
                         wanted,
                         "trueup state rm " + wanted + " forgets that one and leaves it alone"};
        if (record.kind == address.kind() && record.uid == uid && !uid.empty())
            return Error{Errc::conflict,
                         "the object with the uid " + uid + " is ours as " + record.address,
                         wanted,
                         "trueup state mv gives it another name"};
    }
    return false;
}

// Whether the object that was read may become ours under `address`.
Result<void> check_object(const Kind& kind,
                          const Address& address,
                          const Observed& found,
                          const std::string& owner)
{
    if (found.builtin)
        return Error{Errc::refused, "it is built into the system", address.text()};
    if (found.foreign_scope)
        return Error{Errc::refused,
                     "the object with the uid " + found.uid + " belongs to another scope",
                     address.text(),
                     "import it under an address in its own scope"};
    if (found.mark && found.mark->owner != owner)
        return Error{Errc::refused, "it belongs to the owner " + found.mark->owner, address.text()};
    const Address actual = address_of(kind, address.project(), found.value);
    if (actual != address)
        return Error{Errc::invalid_input,
                     "the object with the uid " + found.uid + " is " + actual.text(),
                     address.text(),
                     "import it under that address"};
    return {};
}

// Reads the object and remembers it as ours. A state that belongs to nobody yet gets `bind`.
Task<Result<void>> take_object(Workspace& workspace,
                               Address address,
                               std::string uid,
                               std::string owner,
                               std::optional<Binding> bind)
{
    const Kind* kind = workspace.catalogue.find(address.kind());
    auto scope = co_await find_scope(workspace, address);
    if (!scope)
        co_return scope.error();
    CallContext context(address.text());
    std::string wanted = uid;
    auto object =
        co_await workspace.provider->read(*kind, *scope, std::move(wanted), std::move(context));
    if (!object)
        co_return object.error();
    if (!*object)
        co_return Error{Errc::not_found, "there is no object with the uid " + uid, address.text()};
    if (auto fine = check_object(*kind, address, **object, owner); !fine)
        co_return fine.error();
    Batch batch;
    batch.bind = std::move(bind);
    Record record;
    record.address = address.text();
    record.kind = kind->name;
    record.scope_uid = scope->uid;
    record.uid = uid;
    record.last_applied = Value(Map{});
    record.updated_at = format_time(workspace.clock->wall());
    batch.put.push_back(std::move(record));
    AuditRecord audit;
    audit.at = format_time(workspace.clock->wall());
    audit.address = address.text();
    audit.verb = "adopt";
    audit.outcome = "done";
    audit.detail = "imported";
    batch.audit.push_back(std::move(audit));
    auto done = co_await workspace.store->commit(std::move(batch));
    co_return done;
}

// False: it was ours already, and nothing was changed.
Task<Result<bool>>
import_object(Workspace& workspace, Address address, std::string uid, std::string owner)
{
    // A singleton has no uid, whatever was typed for it.
    if (workspace.catalogue.find(address.kind())->is_singleton())
        uid.clear();
    std::string endpoint = workspace.http->origin().text();
    auto stored = workspace.store->binding();
    if (!stored)
        co_return stored.error();
    if (auto here = check_place(*stored, endpoint, owner); !here)
        co_return here.error();
    auto binding =
        co_await find_binding(workspace.catalogue, workspace.reader(), std::move(endpoint), owner);
    if (!binding)
        co_return binding.error();
    if (auto ours = check_binding(*stored, *binding); !ours)
        co_return ours.error();
    const auto known = is_ours_already(*workspace.store, address, uid);
    if (!known)
        co_return known.error();
    if (*known)
        co_return false;
    std::optional<Binding> bind;
    if (!*stored)
        bind = std::move(*binding);
    auto done = co_await take_object(
        workspace, std::move(address), std::move(uid), std::move(owner), std::move(bind));
    if (!done)
        co_return done.error();
    co_return true;
}

Task<Result<void>> commit(Store& store, Batch batch)
{
    auto done = co_await store.commit(std::move(batch));
    co_return done;
}

} // namespace

int run_state_list(Settings& settings)
{
    Workspace workspace;
    if (auto key = open_state(workspace, settings, Access::read); !key)
        return fail(key.error());
    auto records = workspace.store->records();
    if (!records)
        return fail(records.error());
    List list;
    for (const Record& record : *records) {
        if (settings.json)
            list.push_back(as_value(record));
        else
            print(record.address + (record.uid.empty() ? "" : "  " + record.uid) + "\n");
    }
    if (settings.json)
        print(json::write_pretty(list) + "\n");
    return 0;
}

int run_state_show(Settings& settings)
{
    Workspace workspace;
    if (auto key = open_state(workspace, settings, Access::read); !key)
        return fail(key.error());
    auto record = find_record(*workspace.store, settings.address);
    if (!record)
        return fail(record.error());
    print(json::write_pretty(as_value(*record)) + "\n");
    return 0;
}

int run_state_remove(Settings& settings)
{
    Workspace workspace;
    if (auto key = open_state(workspace, settings, Access::write); !key)
        return fail(key.error());
    auto record = find_record(*workspace.store, settings.address);
    if (!record)
        return fail(record.error());
    Batch batch;
    batch.forget.push_back(record->address);
    if (!record->uid.empty())
        batch.note.push_back(released_memo(record->kind, record->uid, record->address));
    AuditRecord audit;
    audit.at = format_time(workspace.clock->wall());
    audit.address = record->address;
    audit.verb = "forget";
    audit.outcome = "done";
    audit.detail = "state rm";
    batch.audit.push_back(std::move(audit));
    if (auto done = run(workspace, commit(*workspace.store, std::move(batch))); !done)
        return fail(done.error());
    print("Forgot " + record->address + "; the object itself was not touched.\n");
    return 0;
}

int run_import(Settings& settings)
{
    Workspace workspace;
    if (auto basics = open_basics(workspace, settings); !basics)
        return fail(basics.error());
    auto request = read_plan_request(settings, Refresh::automatic);
    if (!request)
        return fail(request.error());
    auto address = Address::parse(settings.address);
    if (!address)
        return fail(address.error());
    if (workspace.catalogue.find(address->kind()) == nullptr)
        return fail(Error{Errc::invalid_input,
                          "there is no kind " + address->kind(),
                          address->text(),
                          did_you_mean(address->kind(), workspace.catalogue.names())});
    if (auto key = open_state(workspace, settings, Access::write); !key)
        return fail(key.error());
    if (auto api = open_api(workspace, settings, Access::write); !api)
        return fail(api.error());
    const auto taken =
        run(workspace, import_object(workspace, *address, settings.uid, settings.owner));
    if (!taken)
        return fail(taken.error());
    print(address->text() +
          (*taken ? " is ours now. The next plan shows how it differs from its manifest.\n"
                  : " is ours already; nothing was changed.\n"));
    return 0;
}

} // namespace trueup
