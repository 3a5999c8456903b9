// state mv, state backup and audit verify: what keeps a state in order.

#include "reconciler/cli/commands.hpp"
#include "reconciler/cli/console.hpp"
#include "reconciler/cli/workspace.hpp"
#include "reconciler/plan/render.hpp"

#include <algorithm>

namespace trueup {

namespace {

int fail(const Error& error)
{
    print_error(error);
    return exit_code_of(error);
}

Task<Result<void>> commit(Store& store, Batch batch)
{
    auto done = co_await store.commit(std::move(batch));
    co_return done;
}

// A record moves within its kind and scope only: an object cannot change either.
Result<void> check_move(const Address& from, const Address& to)
{
    if (from == to)
        return Error{Errc::invalid_input, "both addresses are the same", from.text()};
    if (from.kind() != to.kind() || from.project() != to.project())
        return Error{Errc::invalid_input,
                     "the kind and the project of a resource cannot change",
                     from.text(),
                     "give another name only"};
    return {};
}

// The records that change when `from` is called `to`: itself, and those that depend on it.
Result<Batch> plan_move(Store& store, const std::string& from, const std::string& to)
{
    const auto records = store.records();
    if (!records)
        return records.error();
    if (auto settled = check_settled(store, {from, to}); !settled)
        return settled.error();
    Batch batch;
    bool found = false;
    for (Record record : *records) {
        if (record.address == to)
            return Error{Errc::conflict, "the state has that already", to};
        const bool itself = record.address == from;
        const auto at = std::ranges::find(record.depends_on, from);
        if (at != record.depends_on.end())
            *at = to;
        if (itself)
            record.address = to;
        found = found || itself;
        if (itself || at != record.depends_on.end())
            batch.put.push_back(std::move(record));
    }
    if (!found)
        return Error{Errc::not_found, "it is not in the state", from, "see trueup state list"};
    batch.forget.push_back(from);
    return batch;
}

} // namespace

int run_state_move(Settings& settings)
{
    const auto from = Address::parse(settings.address);
    if (!from)
        return fail(from.error());
    const auto to = Address::parse(settings.new_address);
    if (!to)
        return fail(to.error());
    if (auto allowed = check_move(*from, *to); !allowed)
        return fail(allowed.error());
    Workspace workspace;
    if (auto key = open_state(workspace, settings, Access::write); !key)
        return fail(key.error());
    auto batch = plan_move(*workspace.store, from->text(), to->text());
    if (!batch)
        return fail(batch.error());
    AuditRecord audit;
    audit.at = format_time(workspace.clock->wall());
    audit.address = to->text();
    audit.verb = "move";
    audit.outcome = "done";
    audit.detail = "state mv from " + from->text();
    batch->audit.push_back(std::move(audit));
    if (auto done = run(workspace, commit(*workspace.store, std::move(*batch))); !done)
        return fail(done.error());
    print("Moved " + from->text() + " to " + to->text() +
          "; the object itself was not touched. Rename it in its manifest too.\n");
    return 0;
}

int run_state_backup(Settings& settings)
{
    const std::filesystem::path file = state_file(settings);
    if (auto done = backup_state(file, settings.out); !done)
        return fail(done.error());
    print("Copied " + file.string() + " to " + settings.out + ". Keep secrets.key with it.\n");
    return 0;
}

int run_audit_verify(Settings& settings)
{
    const auto lines = verify_audit(state_file(settings));
    if (!lines)
        return fail(lines.error());
    print("The audit is whole: " + std::to_string(*lines) +
          " lines, each following from the one before it.\n");
    return 0;
}

} // namespace trueup
