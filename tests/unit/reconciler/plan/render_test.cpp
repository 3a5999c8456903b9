#include "reconciler/plan/render.hpp"
#include "tests/support/diffs.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/scene.hpp"

#include <doctest/doctest.h>

using namespace trueup;
using namespace trueup::test;

namespace {

// One action of every verb.
Scene every_verb()
{
    Scene scene;
    scene.options.prune = true;
    scene.project("p", "s1");
    scene.declare("Widget/tenant/created", "spec:\n  note: n\n  size: 3\n");
    scene.declare("Widget/tenant/refers",
                  with(Map{}, "spec.ownerUid", reference("Widget/tenant/created")));
    scene.declare("Gadget/p/updated",
                  with(tree("spec:\n  note: new\n  pools:\n  - name: a\n    size: 2\n  code: x\n"),
                       "spec.password",
                       secret("hunter3")));
    scene.owned("Gadget/p/updated",
                "u1",
                with(tree("spec: {note: old, code: x, host: h}"),
                     "spec.password",
                     remembered_secret("hunter2")),
                tree("spec: {note: old, code: y, host: h, password: '********', "
                     "pools: [{name: a, size: 1}, {name: b, token: in-the-clear}]}"));
    scene.declare("Widget/tenant/replaced", "spec: {shape: square}").lifecycle.replace =
        Replacement::create_first;
    scene.owned("Widget/tenant/replaced", "u2", "spec: {shape: round}");
    scene.owned("Widget/tenant/deleted", "u3");
    scene.declare("Widget/tenant/adopted", "spec: {note: n}");
    scene.exists("Widget/tenant/adopted", "u4", "spec: {note: n}");
    scene.lost("Widget/tenant/forgotten", "u5");
    scene.declare("Widget/tenant/unchanged");
    scene.owned("Widget/tenant/unchanged", "u6");
    scene.declare("Widget/tenant/waits");
    scene.owned("Widget/tenant/waits", "u7");
    scene.records.back().waiting = "it is in the state Pending";
    scene.declare("Widget/tenant/blocked", "spec: {note: mine}");
    scene.exists("Widget/tenant/blocked", "u8", "spec: {note: theirs}");
    scene.declare("Gadget/p/unverified", with(Map{}, "spec.hint", "h"));
    scene.exists("Gadget/p/unverified", "u9").mark = Scene::ours("Gadget/p/unverified");
    scene.seen.unmanaged = 2;
    return scene;
}

std::string document(const Plan& plan)
{
    return json::write_pretty(plan_document(plan, 12)) + "\n";
}

} // namespace

TEST_SUITE("plan: rendering")
{
    TEST_CASE("P01: the text of every verb")
    {
        RenderOptions options;
        options.show_unchanged = true;

        check_golden("plan_every_verb.txt", render_text(every_verb().plan(), options));
    }

    TEST_CASE("P05: the JSON of every verb")
    {
        check_golden("plan_every_verb.json", document(every_verb().plan()));
    }

    TEST_CASE("P05: the document that is written in parts is the whole document")
    {
        const auto written = [](const Plan& plan) {
            std::string text;
            write_plan_document(plan, 12, [&](std::string_view part) { text += part; });
            return text;
        };
        Scene one;
        one.declare("Widget/tenant/a");

        CHECK(written(every_verb().plan()) == document(every_verb().plan()));
        CHECK(written(one.plan()) == document(one.plan()));
        CHECK(written(Plan()) == document(Plan()));
    }

    TEST_CASE("what --prune would delete, and what is unmanaged")
    {
        Scene scene = every_verb();
        scene.options.prune = false;

        check_golden("plan_without_prune.txt", render_text(scene.plan(), {}));
    }

    TEST_CASE("nothing to do")
    {
        Scene scene;
        scene.declare("Widget/tenant/a");
        scene.owned("Widget/tenant/a", "u1");

        CHECK(render_text(scene.plan(), {}) ==
              "No changes. What exists matches the manifests.\n"
              "Plan: 0 to create, 0 to update, 0 to replace, 0 to delete, 1 unchanged.\n");
    }

    TEST_CASE("F: no secret, no hash and no mask is in any form")
    {
        const Scene scene = every_verb();
        const Plan plan = scene.plan();
        const std::string all = render_text(plan, {}) + document(plan);

        for (const std::string& hidden : {std::string("hunter"),
                                          test_hasher().hash("hunter2"),
                                          test_hasher().hash("hunter3"),
                                          std::string("****"),
                                          std::string("in-the-clear")}) {
            CAPTURE(hidden);
            CHECK(all.find(hidden) == std::string::npos);
        }
        CHECK(all.find("(sensitive)") != std::string::npos);
    }

    TEST_CASE("P10: every action in the JSON has a reason, P09: every declared change its origin")
    {
        const Scene scene = every_verb();
        const Value whole = plan_document(scene.plan(), 12);
        const List& changes = *find(whole, path("resource_changes"))->if_list();
        REQUIRE(changes.size() == 11);

        for (const Value& change : changes) {
            CAPTURE(json::write(change));
            CHECK_FALSE(find(change, path("trueup.reason"))->string_or_empty().empty());
            for (const Value& field : *find(change, path("trueup.changes"))->if_list()) {
                const std::string& at = find(field, path("path"))->string_or_empty();
                if (find(field, path("after")) != nullptr && !at.starts_with("metadata"))
                    CHECK(find(field, path("origin")) != nullptr);
            }
        }
    }

    TEST_CASE("the summary counts what the plan has")
    {
        const Scene scene = every_verb();
        const Value whole = plan_document(scene.plan(), 12);

        CHECK(
            json::write(*find(whole, path("summary"))) ==
            R"({"adopt":2,"api_requests":12,"blocked":1,"create":2,"delete":1,"forget":1,"no_op":1,)"
            R"("replace":1,"unmanaged":2,"update":1,"waiting":1})");
    }

    TEST_CASE("colours only when asked, and taken away they leave the same text")
    {
        const Scene scene = every_verb();
        const Plan plan = scene.plan();
        RenderOptions coloured;
        coloured.colour = Colour::on;

        const std::string plain = render_text(plan, {});
        std::string bright = render_text(plan, coloured);

        CHECK(plain.find('\x1b') == std::string::npos);
        CHECK(bright.find("\x1b[32m") != std::string::npos);
        for (std::size_t at = bright.find('\x1b'); at != std::string::npos;
             at = bright.find('\x1b'))
            bright.erase(at, bright.find('m', at) - at + 1);
        CHECK(bright == plain);
    }

    TEST_CASE("escape sequences from names, values, messages and files are made harmless")
    {
        const std::string evil = "\x1b[2J\a\xC2\x9B"
                                 "31m\xE2\x80\xAE"
                                 "end\r\n";
        Scene scene;
        Manifest& manifest = scene.declare("Widget/tenant/a", "spec:\n  note: n\n");
        Scene::redeclare(manifest, "metadata.labels", Map{{evil, evil}});
        manifest.file = evil + ".yaml";
        scene.declare("Widget/tenant/b");
        scene.seen.failures["Widget/tenant/b"] = evil;

        const std::string text = render_text(scene.plan(), {});

        CHECK(text.find('\x1b') == std::string::npos);
        CHECK(text.find('\a') == std::string::npos);
        CHECK(text.find('\r') == std::string::npos);
        CHECK(text.find("\xC2\x9B") == std::string::npos);
        CHECK(text.find("\xE2\x80\xAE") == std::string::npos);
        CHECK(text.find(R"(\x1b[2J\x07\xc2\x9b31m\xe2\x80\xaeend\x0d\n)") != std::string::npos);
    }

    TEST_CASE("ordinary text in any language stays as it is")
    {
        Scene scene;
        scene.declare("Widget/tenant/a", "spec:\n  note: Grüße, 世界 👋\n");

        CHECK(render_text(scene.plan(), {}).find("\"Grüße, 世界 👋\"") != std::string::npos);
    }

    TEST_CASE("long values are shortened, never inside a character")
    {
        Scene scene;
        scene.declare("Widget/tenant/a", with(Map{}, "spec.note", "ab" + std::string("üüü")));
        RenderOptions options;
        options.value_chars_max = 4; // the quote, a, b and half of ü

        const std::string text = render_text(scene.plan(), options);

        CHECK(text.find("spec.note: \"ab... (10 characters)") != std::string::npos);
    }
}
