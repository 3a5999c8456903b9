#include "reconciler/daemon/in_force.hpp"
#include "tests/support/scene.hpp"

namespace trueup::test {

namespace {

// Files of widgets, each written as a name and what it holds.
class Revision {
public:
    Revision& file(const std::string& name, const std::vector<std::string>& addresses)
    {
        static const Catalogue kinds = shop_catalogue();
        Scene scene;
        LoadedFile loaded;
        loaded.file = name;
        for (const std::string& text : addresses) {
            scene.declare(text, Body(Map{{"metadata", Map{{"labels", Map{{"from", name}}}}}}));
            Manifest manifest = scene.manifests.manifests.back();
            manifest.kind = kinds.find(manifest.address.kind()); // that of the scene goes with it
            manifest.file = name;
            loaded.manifests.push_back(std::move(manifest));
        }
        snapshot.files.push_back(std::move(loaded));
        return *this;
    }
    Revision& broken(const std::string& path, bool everything = false)
    {
        Unreadable unreadable;
        unreadable.path = path;
        unreadable.everything = everything;
        unreadable.errors.emplace_back(Severity::error, path, Place{3, 1}, "a mistake");
        snapshot.unreadable.push_back(std::move(unreadable));
        return *this;
    }

    Snapshot snapshot;
};

InForce follow(const InForce& before, Revision revision, BadManifest policy = BadManifest::resource)
{
    return put_in_force(before, std::move(revision.snapshot), policy);
}

std::vector<std::string> declared(const InForce& in_force)
{
    std::vector<std::string> lines;
    for (const Manifest& manifest : in_force.manifests.manifests)
        lines.push_back(manifest.address.text() + " " + manifest.file);
    return lines;
}

using Lines = std::vector<std::string>;

TEST_SUITE("daemon: what is in force")
{
    TEST_CASE("a sound revision is in force as it is")
    {
        const InForce first = follow({}, Revision().file("a", {"Widget/tenant/x"}));
        const InForce second = follow(first, Revision().file("b", {"Widget/tenant/y"}));

        CHECK(declared(second) == Lines{"Widget/tenant/y b"});
        CHECK(second.known);
        CHECK(second.deletes_blocked.empty());
        CHECK(first.manifests.digest != second.manifests.digest);
    }

    TEST_CASE("a broken file keeps what it last said; the others are as they are now")
    {
        const InForce first =
            follow({}, Revision().file("a", {"Widget/tenant/x"}).file("b", {"Widget/tenant/y"}));

        const InForce second = follow(first, Revision().broken("a").file("b", {"Widget/tenant/z"}));

        CHECK(declared(second) == Lines{"Widget/tenant/x a", "Widget/tenant/z b"});
        REQUIRE(second.broken.size() == 1);
        CHECK(second.broken.front().last_good);
        CHECK(second.broken.front().error == "a:3:1: error: a mistake");
        CHECK(second.deletes_blocked.empty());
        // And goes on keeping it.
        const InForce third = follow(second, Revision().broken("a"));
        CHECK(declared(third) == Lines{"Widget/tenant/x a"});
    }

    TEST_CASE("a broken file that was never read blocks all deletes, until it is mended or gone")
    {
        const InForce first = follow({}, Revision().file("b", {"Widget/tenant/y"}).broken("a"));
        CHECK(declared(first) == Lines{"Widget/tenant/y b"});
        CHECK(first.deletes_blocked.find("a cannot be read") != std::string::npos);

        CHECK(follow(first, Revision().file("a", {})).deletes_blocked.empty());
        CHECK(follow(first, Revision()).deletes_blocked.empty());
        CHECK_FALSE(follow(first, Revision().broken("a")).deletes_blocked.empty());
    }

    TEST_CASE("C: what may have moved into a file that is broken is not said to be gone")
    {
        const InForce first =
            follow({}, Revision().file("a", {"Widget/tenant/x"}).file("b", {"Widget/tenant/y"}));

        const InForce second = follow(first, Revision().file("a", {}).broken("b"));
        CHECK(declared(second) == Lines{"Widget/tenant/y b"});
        CHECK(second.unaccounted == std::set<std::string>{"Widget/tenant/x"});
        // In later revisions too, until everything can be read.
        const InForce third = follow(second, Revision().broken("b"));
        CHECK(third.unaccounted == std::set<std::string>{"Widget/tenant/x"});
        const InForce all = follow(third, Revision().broken("b").broken("vars", true));
        CHECK(all.unaccounted == std::set<std::string>{"Widget/tenant/x"});
        const InForce back = follow(third, Revision().file("c", {"Widget/tenant/x"}).broken("b"));
        CHECK(back.unaccounted.empty());
        CHECK(follow(third, Revision().file("b", {})).unaccounted.empty());
    }

    TEST_CASE("a resource that moved out of a file that is broken now is where it moved to")
    {
        const InForce first = follow({}, Revision().file("b", {"Widget/tenant/x"}));

        const InForce second = follow(first, Revision().file("c", {"Widget/tenant/x"}).broken("b"));

        CHECK(declared(second) == Lines{"Widget/tenant/x c"});
    }

    TEST_CASE("what moved out of a broken file, and is in another broken one, is where it moved to")
    {
        const InForce first = follow({}, Revision().file("b", {"Widget/tenant/x"}));
        const InForce second = follow(first, Revision().file("c", {"Widget/tenant/x"}).broken("b"));

        const InForce third = follow(second, Revision().broken("b").broken("c"));
        CHECK(declared(third) == Lines{"Widget/tenant/x c"});
        CHECK(third.deletes_blocked.empty());
        // And back again where only the first is still broken: it was never read as empty.
        CHECK(declared(follow(third, Revision().broken("b"))) == Lines{"Widget/tenant/x b"});
    }

    TEST_CASE("a broken file in a directory that cannot be read either is kept once")
    {
        const InForce first = follow({}, Revision().file("top/a", {"Widget/tenant/x"}));

        const InForce second = follow(first, Revision().broken("top").broken("top/a"));

        CHECK(declared(second) == Lines{"Widget/tenant/x top/a"});
        CHECK(second.shadowed.empty());
        CHECK(second.deletes_blocked.empty());
    }

    TEST_CASE("what reads as before stays what it was in memory; what does not is what was read")
    {
        const InForce first = follow({}, Revision().file("a", {"Widget/tenant/x"}));
        const SharedValue body = first.manifests.manifests.front().body;

        const InForce same = follow(first, Revision().file("a", {"Widget/tenant/x"}));
        CHECK(same.manifests.manifests.front().body.is(body));

        Revision moved = Revision().file("a", {"Widget/tenant/x"});
        moved.snapshot.files.front().manifests.front().place.line = 7;
        CHECK(follow(first, moved).manifests.manifests.front().place.line == 7);
    }

    TEST_CASE("a directory that cannot be read keeps all that was below it, and no more")
    {
        const InForce first = follow({},
                                     Revision()
                                         .file("top/one/a", {"Widget/tenant/a"})
                                         .file("top/one-more/b", {"Widget/tenant/b"}));

        const InForce second = follow(first, Revision().broken("top/one"));

        CHECK(declared(second) == Lines{"Widget/tenant/a top/one/a"});
        CHECK(second.deletes_blocked.empty());
    }

    TEST_CASE("a mistake in what decides over all files leaves everything as it was")
    {
        const InForce first = follow({}, Revision().file("a", {"Widget/tenant/x"}));

        const InForce second =
            follow(first, Revision().file("a", {"Widget/tenant/y"}).broken("vars.yaml", true));

        CHECK(declared(second) == Lines{"Widget/tenant/x a"});
        CHECK(second.broken.size() == 1);
        CHECK_FALSE(follow({}, Revision().broken("vars.yaml", true)).known);
    }

    TEST_CASE("by revision, one mistake leaves everything as it was")
    {
        const InForce first =
            follow({}, Revision().file("a", {"Widget/tenant/x"}), BadManifest::revision);

        const InForce second = follow(
            first, Revision().file("a", {"Widget/tenant/y"}).broken("b"), BadManifest::revision);

        CHECK(declared(second) == Lines{"Widget/tenant/x a"});
        CHECK(second.broken.front().last_good);
    }
}

} // namespace

} // namespace trueup::test
