#include "reconciler/daemon/status_text.hpp"
#include "tests/support/golden.hpp"
#include "tests/unit/reconciler/daemon/control_fake.hpp"

namespace trueup {

using namespace control_test;

namespace {

std::vector<AuditRecord> some_history()
{
    AuditRecord call;
    call.at = "2026-03-01T11:40:00.000Z";
    call.address = "Role/tenant/auditor";
    call.verb = "update";
    call.route = "PUT /v1/roles/{uid}";
    call.outcome = "failed";
    call.status = 422;
    call.audit_uid = "a-17";
    call.plan_id = "plan-7";
    AuditRecord decision;
    decision.at = "2026-03-01T10:00:00.000Z";
    decision.address = "Role/tenant/auditor";
    decision.verb = "adopt";
    decision.outcome = "done";
    decision.detail = "imported";
    return {call, decision};
}

} // namespace

TEST_SUITE("daemon: status as text")
{
    TEST_CASE("status, explain, diff and history read as they are documented")
    {
        const WallTime now = at("12:01");

        test::check_golden("daemon_status.txt",
                           render_status(full_status(),
                                         {stalled_resource(), ready_resource("Role/tenant/base")},
                                         now));
        test::check_golden(
            "daemon_explain.txt",
            render_explanation(stalled_resource(), some_history(), RenderOptions(), now));
        test::check_golden("daemon_diff.txt",
                           render_difference(stalled_resource(), RenderOptions()));
    }

    TEST_CASE("a daemon that has only just started says so")
    {
        DaemonStatus status;
        status.version = "0.1.0";
        status.owner = "o";
        status.started = at("12:00");

        const std::string text = render_status(status, {}, at("12:00"));

        CHECK(text.find("none has ended yet") != std::string::npos);
        CHECK(text.find("not since the start") != std::string::npos);
        CHECK(text.find("Approval") == std::string::npos);
    }

    TEST_CASE("neither secrets nor escape sequences reach the terminal")
    {
        ResourceStatus resource = stalled_resource();
        resource.last_error = "\x1b[2J\xe2\x80\xae owned";
        resource.blocked_by = "a\nNext attempt  never";
        AuditRecord record;
        record.verb = "update";
        record.detail = "\x1b]0;title\x07";

        const std::string text =
            render_explanation(resource, {record}, RenderOptions(), at("12:01")) +
            render_difference(resource, RenderOptions());

        CHECK(text.find('\x1b') == std::string::npos);
        CHECK(text.find("\xe2\x80\xae") == std::string::npos);
        CHECK(text.find("\nNext attempt  never") == std::string::npos);
        CHECK(text.find(canary) == std::string::npos);
        CHECK(text.find("(sensitive)") != std::string::npos);
    }
}

} // namespace trueup
