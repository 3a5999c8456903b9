// validate and plan: nothing here can write to the API or to the state.

#include "reconciler/cli/commands.hpp"
#include "reconciler/cli/console.hpp"
#include "reconciler/cli/heap.hpp"
#include "reconciler/cli/planning.hpp"
#include "reconciler/plan/render.hpp"
#include "reconciler/plan/saved_plan.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <system_error>

namespace trueup {

namespace {

int fail(const Error& error)
{
    print_error(error);
    return exit_code_of(error);
}

// Without the flush of print: there is more to come.
void print_part(std::string_view part)
{
    std::cout << part;
}

Result<void> write_file(const std::string& path, const std::string& text)
{
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    const bool opened = out.is_open();
    out << text;
    out.close();
    if (out)
        return {};
    Error error(Errc::invalid_input,
                "the plan file cannot be written: " + std::generic_category().message(errno),
                path);
    // Half a plan is none; a pipe or a device stays.
    std::error_code ignored;
    if (opened && std::filesystem::is_regular_file(path, ignored))
        std::filesystem::remove(path, ignored);
    return error;
}

// Something that no apply can do before a person has mended the manifests or the kinds.
bool is_mistake(const Action& action)
{
    return action.verb == Verb::blocked &&
           (action.reason == Reason::unresolved || action.reason == Reason::no_project ||
            action.reason == Reason::unobserved);
}

} // namespace

int run_validate(Settings& settings)
{
    reserve_heap();
    Workspace workspace;
    if (auto basics = open_basics(workspace, settings); !basics)
        return fail(basics.error());
    if (auto read = open_manifests(workspace, settings, SecretMode::leave, ""); !read)
        return fail(read.error());
    print(std::to_string(workspace.manifests.manifests.size()) + " manifests are valid.\n");
    return 0;
}

int run_plan(Settings& settings)
{
    reserve_heap();
    Workspace workspace;
    if (auto basics = open_basics(workspace, settings); !basics)
        return fail(basics.error());
    auto request = read_plan_request(settings, Refresh::automatic);
    if (!request)
        return fail(request.error());
    auto key = open_state(workspace, settings, Access::read);
    if (!key)
        return fail(key.error());
    if (auto read = open_manifests(workspace, settings, SecretMode::fetch, *key); !read)
        return fail(read.error());
    if (auto api = open_api(workspace, settings, Access::read); !api)
        return fail(api.error());
    auto planned = plan_and_close_state(workspace, *request);
    if (!planned)
        return fail(planned.error());
    const Plan& plan = planned->plan;
    if (settings.json) {
        write_plan_document(plan, workspace.reader().requests_sent(), print_part);
        print("");
    } else {
        RenderOptions how;
        how.colour = colour_of(settings);
        how.show_unchanged = settings.show_unchanged;
        print(render_text(plan, how));
    }
    if (auto allowed = check_guards(plan, workspace.manifests, planned->records, request->guards);
        !allowed)
        return fail(allowed.error());
    if (!settings.out.empty()) {
        const SavedPlan saved =
            save_plan(plan, request->plan, planned->binding, format_time(workspace.clock->wall()));
        if (auto written = write_file(settings.out, write_saved_plan(saved)); !written)
            return fail(written.error());
    }
    if (std::ranges::any_of(plan.actions, is_mistake))
        return 1;
    const bool changes = plan.counts.has_writes() || plan.counts.blocked != 0;
    return settings.detailed_exitcode && changes ? 2 : 0;
}

} // namespace trueup
