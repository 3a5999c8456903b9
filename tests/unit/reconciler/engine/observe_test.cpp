// What is found out before a plan is made, and what is not taken for found out.

#include "engine_world.hpp"

using namespace trueup;
using namespace trueup::test;

namespace {

constexpr auto a = "Widget/tenant/a";

Record record_of(std::string_view text, std::string uid, std::string scope_uid = {})
{
    Record record;
    record.address = std::string(text);
    record.kind = address(text).kind();
    record.uid = std::move(uid);
    record.scope_uid = std::move(scope_uid);
    return record;
}

} // namespace

TEST_SUITE("engine: observe")
{
    TEST_CASE("auto: a complete list of one page is enough")
    {
        EngineWorld world;
        world.declare(a);
        world.declare("Widget/tenant/absent");
        world.exists(a);

        const Observations found = world.observed();

        CHECK(found.sightings.at(a).by_key.size() == 1);
        CHECK(found.sightings.at("Widget/tenant/absent").by_key.empty());
        CHECK(world.api.count("list") == 1);
        CHECK(world.api.calls().size() == 1);
    }

    TEST_CASE("full: each object is read too")
    {
        EngineWorld world;
        world.declare(a);
        world.exists(a);
        ObserveOptions full;
        full.refresh = Refresh::full;

        world.observed(full);

        CHECK(world.api.count("read") == 1);
    }

    TEST_CASE("C: what a walk of several pages missed is asked for, by uid or by name")
    {
        EngineWorld world;
        world.api.lists_in_pages = true;
        world.declare(a);
        world.declare("Widget/tenant/b");
        world.exists(a, {}, true);
        world.exists("Widget/tenant/b");
        world.put_record(record_of(a, "u1"));
        world.api.unseen = {"u1", "u2"};

        const Observations found = world.observed();

        CHECK(found.sightings.at(a).by_uid.has_value());
        CHECK(found.sightings.at("Widget/tenant/b").by_key.size() == 1);
    }

    TEST_CASE(
        "C: an owned object that even a complete list misses is read before it counts as gone")
    {
        EngineWorld world;
        world.put_record(record_of(a, "u1"));
        world.exists(a, {}, true);
        world.api.unseen = {"u1"};

        CHECK(world.observed().sightings.at(a).by_uid.has_value());

        world.api.erase_item("u1");
        const Observations gone = world.observed();
        CHECK_FALSE(gone.sightings.at(a).by_uid.has_value());
        CHECK(gone.sightings.at(a).uid_checked);
    }

    TEST_CASE(
        "A: what was written a moment ago and cannot be seen is not made again until its kind "
        "has settled")
    {
        EngineWorld world;
        world.kind("Widget").settle = 20s;
        world.declare(a);
        CHECK(lines_of(world.round()) == Lines{"create Widget/tenant/a done"});
        world.clock.advance(19s);
        const auto item = world.api.items().front();
        world.api.items().clear(); // reads show the past

        CHECK(lines_of(world.round()) == Lines{"blocked Widget/tenant/a blocked"});
        SUBCASE("it comes to light")
        {
            world.api.items().push_back(item);
            CHECK(world.round().results.empty());
            CHECK(world.api.count("create") == 1);
        }
        SUBCASE("it is gone indeed")
        {
            world.clock.advance(1s);
            CHECK(lines_of(world.round()) == Lines{"create Widget/tenant/a done"});
        }
        SUBCASE("nor is it forgotten")
        {
            world.undeclare(a);
            world.request.plan.prune = world.request.observe.prune = true;
            CHECK(lines_of(world.round()) == Lines{"blocked Widget/tenant/a blocked"});
            CHECK(world.store.find(a).has_value());
        }
    }

    TEST_CASE("C: an owned object that cannot be read does not count as gone")
    {
        for (const Errc code : {Errc::server_failed, Errc::forbidden, Errc::rejected}) {
            CAPTURE(name_of(code));
            EngineWorld world;
            world.put_record(record_of(a, "u1"));
            world.exists(a, {}, true);
            world.api.unseen = {"u1"};
            world.api.unreadable.emplace("Widget", Error(code, "no"));

            const auto found = world.try_observe();

            const bool gone = found && !found->failures.contains(a) &&
                              found->sightings.contains(a) && found->sightings.at(a).uid_checked;
            CHECK_FALSE(gone);
        }
    }

    TEST_CASE("I: a list that cannot be read leaves its own kind unobserved, and the others alone")
    {
        EngineWorld world;
        world.declare(a);
        world.declare("Gadget/tenant/g");
        world.exists("Gadget/tenant/g");
        world.api.broken.emplace("Widget", Error(Errc::server_failed, "no"));

        const Observations found = world.observed();

        CHECK(found.failures.contains(a));
        CHECK(found.sightings.at("Gadget/tenant/g").by_key.size() == 1);
    }

    TEST_CASE("an API that cannot be asked at all ends it")
    {
        for (const Errc code :
             {Errc::unauthorized, Errc::network, Errc::timed_out, Errc::throttled}) {
            EngineWorld world;
            world.declare(a);
            world.api.broken.emplace("Widget", Error(code, "no"));

            const auto found = world.try_observe();

            REQUIRE_FALSE(found.has_value());
            CHECK(found.error().code == code);
        }
    }

    TEST_CASE("list entries that do not carry every field are read")
    {
        EngineWorld world;
        world.kind("Widget").list->index_only = true;
        world.declare(a);
        world.exists(a);

        world.observed();

        CHECK(world.api.count("read") == 1);
    }

    TEST_CASE(
        "B: objects with our mark that nothing remembers are found when pruning, copies are not")
    {
        EngineWorld world;
        world.exists("Gadget/tenant/lost", {}, true);
        auto& copy = world.exists("Gadget/tenant/copy");
        put(copy.raw, path("metadata.annotations.shop/owner"), "me");
        put(copy.raw,
            path("metadata.annotations.shop/address"),
            address_mark(address("Gadget/tenant/lost")));
        ObserveOptions pruning;
        pruning.prune = true;

        const Observations found = world.observed(pruning);

        REQUIRE(found.orphans.size() == 1);
        CHECK(found.orphans.front().address.text() == "Gadget/tenant/lost");
        CHECK(found.unmanaged == 1);
        CHECK(world.observed().orphans.empty());
    }

    TEST_CASE("C: what is to be pruned by its mark is seen in full, still there and still ours")
    {
        EngineWorld world;
        world.kind("Widget").list->index_only = true;
        const std::string uid = world.exists("Widget/tenant/lost", "spec: {size: 3}", true).uid;
        ObserveOptions pruning;
        pruning.prune = true;

        const Observations found = world.observed(pruning);
        REQUIRE(found.orphans.size() == 1);
        const Value* size = find(found.orphans.front().object.value, path("spec.size"));
        REQUIRE(size != nullptr);
        CHECK(*size == Value(3));

        world.api.unreadable.emplace("Widget", Error(Errc::server_failed, "no"));
        CHECK(world.observed(pruning).failures.contains("Widget/tenant/lost"));
        world.api.unreadable.clear();

        bool taken = false;
        world.api.before = [&](const FakeProvider::Call& call) {
            if (call.verb == "read" && !std::exchange(taken, true))
                put(world.api.find_item(uid)->raw, path("metadata.annotations.shop/owner"), "you");
        };
        CHECK(world.observed(pruning).orphans.empty());
    }

    TEST_CASE("a project that was made anew under its name is another scope")
    {
        EngineWorld world;
        world.exists("Box/tenant/team");
        world.declare("Gadget/team/g");
        world.put_record(record_of("Gadget/team/g", "u9", "old-project"));

        const Observations found = world.observed();

        CHECK(found.scopes.at("Box/tenant/team") == "u1");
        CHECK_FALSE(found.sightings.at("Gadget/team/g").by_uid.has_value());
        CHECK(found.sightings.at("Gadget/team/g").uid_checked);
    }

    TEST_CASE("references and look-ups to what nobody declares are followed")
    {
        EngineWorld world;
        world.exists("Widget/tenant/other", "spec: {size: 3}");
        Map spec{{"ownerUid", reference("Widget/tenant/other")},
                 {"note", look_up("Widget", Map{{"size", 3}})}};
        const Manifest& manifest = world.declare(a, Map{{"spec", std::move(spec)}});
        const Value* note = find(manifest.body, path("spec.note"));
        const std::string text = note->if_unknown()->text();

        const Observations found = world.observed();

        CHECK(found.sightings.at("Widget/tenant/other").by_key.size() == 1);
        CHECK(found.lookups.at(text) == Lines{"u1"});
    }

    TEST_CASE("C: what a project holds is known only when all of it can be listed")
    {
        EngineWorld world;
        world.exists("Box/tenant/team", {}, true);
        world.put_record(record_of("Box/tenant/team", "u1"));
        world.exists("Gadget/team/g", {}, false, Scope("team", "u1"));
        ObserveOptions pruning;
        pruning.prune = true;

        const Observations found = world.observed(pruning);
        REQUIRE(found.contents.contains({"Box/tenant/team", "u1"}));
        REQUIRE(found.contents.at({"Box/tenant/team", "u1"}).size() == 1);
        CHECK(found.contents.at({"Box/tenant/team", "u1"}).front().address == "Gadget/team/g");

        world.api.broken.emplace("Gadget", Error(Errc::forbidden, "no"));
        CHECK_FALSE(world.observed(pruning).contents.contains({"Box/tenant/team", "u1"}));
    }

    TEST_CASE("C: what one walk over pages shows is not all that a project holds")
    {
        EngineWorld world;
        world.exists("Box/tenant/team", {}, true);
        world.put_record(record_of("Box/tenant/team", "u1"));
        const std::string uid = world.exists("Gadget/team/g", {}, false, Scope("team", "u1")).uid;
        ObserveOptions pruning;
        pruning.prune = true;
        world.api.lists_in_pages = true;
        world.api.unseen = {uid};
        int walks = 0;
        world.api.before = [&](const FakeProvider::Call& call) {
            if (call.verb == "list" && call.address == "Gadget" && ++walks == 3)
                world.api.unseen.clear();
        };

        const Observations found = world.observed(pruning);
        REQUIRE(found.contents.contains({"Box/tenant/team", "u1"}));
        CHECK(found.contents.at({"Box/tenant/team", "u1"}).size() == 1);

        world.api.before = [&](const FakeProvider::Call& call) {
            if (call.verb == "list" && call.address == "Gadget")
                world.api.unseen = {++walks % 2 == 0 ? uid : "none"};
        };
        CHECK_FALSE(world.observed(pruning).contents.contains({"Box/tenant/team", "u1"}));
    }

    TEST_CASE("A: of several scopes of one name none is taken")
    {
        EngineWorld world;
        world.exists("Box/tenant/team");
        world.exists("Box/tenant/team");
        world.declare("Gadget/team/g");

        const auto found = world.try_observe();

        REQUIRE_FALSE(found.has_value());
        CHECK(found.error().message.find("several are called team") != std::string::npos);
    }

    TEST_CASE("C: what a container holds is looked for where it is remembered")
    {
        EngineWorld world;
        world.kind("Gadget").container = true;
        world.kind("Gadget").holds = {{"Gadget", path("spec.note")}};
        world.exists("Box/tenant/team"); // a new one of that name
        world.put_record(record_of("Gadget/team/g", "u7", "old"));
        world.exists("Gadget/team/in", "spec: {note: u7}", false, Scope("team", "old"));
        ObserveOptions pruning;
        pruning.prune = true;

        const Observations found = world.observed(pruning);

        REQUIRE(found.contents.contains({"Gadget/team/g", "u7"}));
        CHECK(found.contents.at({"Gadget/team/g", "u7"}).size() == 1);
    }

    TEST_CASE("scopes of one name and of several kinds are told apart")
    {
        EngineWorld world;
        Kind crate = world.kind("Box");
        crate.name = "Crate";
        Kind label = world.kind("Gadget");
        label.name = "Label";
        label.parent = "Crate";
        world.scene.catalogue.kinds.push_back(crate);
        world.scene.catalogue.kinds.push_back(label);
        const std::string box = world.exists("Box/tenant/team").uid;
        const std::string other = world.exists("Crate/tenant/team").uid;
        const std::string in_box = world.exists("Gadget/team/g", {}, false, Scope("team", box)).uid;
        const std::string in_crate =
            world.exists("Label/team/g", {}, false, Scope("team", other)).uid;
        world.declare("Gadget/team/g");
        world.declare("Label/team/g");

        const Observations found = world.observed();

        CHECK(found.scopes.at("Box/tenant/team") == box);
        CHECK(found.scopes.at("Crate/tenant/team") == other);
        CHECK(found.sightings.at("Gadget/team/g").by_key.front().uid == in_box);
        CHECK(found.sightings.at("Label/team/g").by_key.front().uid == in_crate);
    }

    TEST_CASE(
        "C: what a container holds by a field is looked for in lists, and read where they lack it")
    {
        for (const bool index_only : {false, true}) {
            CAPTURE(index_only);
            EngineWorld world;
            world.kind("Widget").container = true;
            world.kind("Widget").holds = {{"Gadget", path("spec.note")}};
            world.kind("Gadget").list->index_only = index_only;
            world.put_record(record_of(a, world.exists(a, {}, true).uid));
            world.exists("Gadget/tenant/in", "spec: {note: u1}");
            world.exists("Gadget/tenant/out", "spec: {note: u9}");
            ObserveOptions pruning;
            pruning.prune = true;

            const Observations found = world.observed(pruning);
            REQUIRE(found.contents.contains({a, "u1"}));
            REQUIRE(found.contents.at({a, "u1"}).size() == 1);
            CHECK(found.contents.at({a, "u1"}).front().address == "Gadget/tenant/in");

            world.api.unreadable.emplace("Gadget", Error(Errc::server_failed, "no"));
            CHECK(world.observed(pruning).contents.contains({a, "u1"}) == !index_only);
        }
    }
}

namespace {

// `a`, declared and applied with a note, and shown with more than that.
struct Applied : EngineWorld {
    Applied()
    {
        declare(a, "{metadata: {labels: {k: v}}, spec: {note: mine}}");
        exists(a, "{metadata: {labels: {k: v, theirs: z}}, spec: {note: mine, size: 3}}", true);
    }

    // What is known of it after a look; what was applied is one tree with the manifest.
    const SharedValue& look(ObserveOptions looking = {})
    {
        Record record = record_of(a, "u1");
        record.last_applied = applied ? SharedValue(*applied) : body();
        put_record(std::move(record));
        found = observed(std::move(looking));
        REQUIRE(found.sightings.at(a).by_uid.has_value());
        return found.sightings.at(a).by_uid->value;
    }
    const SharedValue& body() { return scene.manifests.find(address(a))->body; }

    std::optional<Value> applied; // nothing: what the manifest says
    Observations found;
};

} // namespace

TEST_SUITE("engine: what is kept of what exists")
{
    TEST_CASE("an object as it was applied is kept as the manifest's own tree")
    {
        Applied listed;
        CHECK(listed.look().is(listed.body()));

        Applied read;
        ObserveOptions full;
        full.refresh = Refresh::full;
        CHECK(read.look(full).is(read.body()));
    }

    TEST_CASE("C: a difference in anything that is declared keeps all that is shown")
    {
        using Change = std::pair<const char*, Value>;
        for (const Change& change : {Change("spec.note", "theirs"),
                                     Change("spec.note", Value()),
                                     Change("metadata.labels.k", "z"),
                                     Change("metadata.labels", Map{})}) {
            const auto& [where, value] = change;
            CAPTURE(change.first);
            Applied world;
            put(world.api.items().front().raw, path(where), value);

            const SharedValue& seen = world.look();

            CHECK_FALSE(seen.is(world.body()));
            CHECK_FALSE(seen == world.body());
        }
    }

    TEST_CASE("C: what the manifest says since the last apply is looked for in what is shown")
    {
        Applied world;
        world.applied = *world.body();
        world.redeclare(a, "{metadata: {labels: {k: v}}, spec: {note: mine, size: 3}}");

        const SharedValue& seen = world.look();

        CHECK(*find(seen, path("spec.size")) == Value(3));
    }

    TEST_CASE("a field that another resource refers to is there for it")
    {
        Applied world;
        world.declare("Widget/tenant/b", Map{{"spec", Map{{"note", reference(a, "spec.size")}}}});

        CHECK(*find(world.look(), path("spec.size")) == Value(3));
    }
}

TEST_SUITE("engine: refresh none")
{
    TEST_CASE("what was last applied stands for what exists, and no object is asked for")
    {
        EngineWorld world;
        world.declare(a, "spec: {size: 1}");
        world.declare("Gadget/team/g");
        world.declare("Box/tenant/team");
        world.round();
        world.api.items().front().raw = Value(Map{}); // drift, which cannot be seen
        world.redeclare(a, "spec: {size: 2}");
        world.declare("Widget/tenant/new");
        world.declare("Setting/tenant");
        world.declare("Widget/tenant/refers",
                      Map{{"spec", Map{{"ownerUid", reference("Widget/tenant/stranger")}}}});
        world.api.forget_calls();
        world.request.observe.refresh = Refresh::none;

        const auto planned = world.clock.run(plan_now(
            world.scene.catalogue, world.scene.manifests, world.api, world.store, world.request));

        REQUIRE(planned.has_value());
        CHECK(world.api.calls().empty());
        const auto verb_on = [&](std::string_view text) {
            return std::string(trueup::name_of(planned->plan.find(address(text))->verb));
        };
        CHECK(verb_on(a) == "update");
        CHECK(verb_on("Gadget/team/g") == "no-op");
        CHECK(verb_on("Box/tenant/team") == "no-op");
        CHECK(verb_on("Widget/tenant/new") == "create");
        CHECK(verb_on("Setting/tenant") == "blocked");
        CHECK(verb_on("Widget/tenant/refers") == "blocked");
    }

    TEST_CASE("C: no round is made on its word")
    {
        EngineWorld world;
        world.declare(a);
        world.request.observe.refresh = Refresh::none;

        const auto done = world.try_round();

        REQUIRE_FALSE(done.has_value());
        CHECK(done.error().code == Errc::invalid_input);
        CHECK(world.api.calls().empty());
    }
}
