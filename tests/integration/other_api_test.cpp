// An API that has nothing to do with the shipped kinds, described by the kind file of docs/kinds.md
// alone: pages by offset, merge patches, what others live in as part of the path, objects that hold
// others, reads through the list.

#include "state/model/json.hpp"
#include "state/model/path.hpp"
#include "tests/integration/live_api.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

using namespace trueup;
using namespace trueup::test;

namespace {

Path path(std::string_view text)
{
    return *Path::parse(text);
}

std::string text_at(const Value& value, std::string_view at)
{
    const Value* found = find(value, path(at));
    return found != nullptr ? found->string_or_empty() : "";
}

void merge_patch(Value& target, const Value& patch)
{
    const Map* changes = patch.if_map();
    if (changes == nullptr) {
        target = patch;
        return;
    }
    if (target.if_map() == nullptr)
        target = Map{};
    for (const auto& [name, value] : *changes) {
        if (value.is_null()) {
            target.if_map()->erase(name);
            continue;
        }
        Value member;
        if (const Value* before = target.if_map()->find(name))
            member = *before;
        merge_patch(member, value);
        target.if_map()->set(name, std::move(member));
    }
}

// Objects by their path, such as /v2/houses/u1/beds/u2.
class Greenhouse {
public:
    ServerReply answer(const HttpRequest& request)
    {
        const std::lock_guard lock(mutex_);
        ServerReply reply;
        reply.response.status = 400;
        const std::size_t mark = request.target.find('?');
        const std::string at = request.target.substr(0, mark);
        const std::string query =
            mark == std::string::npos ? "" : "&" + request.target.substr(mark + 1) + "&";
        auto body = json::parse(request.body.empty() ? "{}" : request.body);
        if (!body)
            return reply;
        if (request.method != "GET")
            writes_.push_back(request.method + " " + at.substr(at.rfind('/', at.rfind('/') - 1)));
        if (request.method == "POST" && at.ends_with("/watering"))
            water(at.substr(0, at.rfind('/')), *body, reply.response);
        else if (request.method == "POST")
            create(at, std::move(*body), reply.response);
        else if (request.method == "GET" && is_collection(at))
            list(at, query, reply.response);
        else if (!objects_.contains(at))
            reply.response.status = 410;
        else if (request.method == "GET")
            say(200, objects_.at(at), reply.response);
        else if (request.method == "PATCH")
            merge_patch(objects_.at(at), *body), say(200, objects_.at(at), reply.response);
        else if (request.method == "DELETE")
            remove(at, reply.response);
        return reply;
    }

    // How many objects there are whose path has this many parts after /v2, of that collection.
    std::size_t count(const std::string& collection) const
    {
        const std::lock_guard lock(mutex_);
        return static_cast<std::size_t>(std::ranges::count_if(objects_, [&](const auto& entry) {
            return collection_of(entry.first).ends_with("/" + collection);
        }));
    }
    // Done by somebody else, behind our back.
    void change(const std::string& name, std::string_view field, Value value)
    {
        const std::lock_guard lock(mutex_);
        put(named(name)->second, path(field), std::move(value));
    }
    std::string add(const std::string& beside, Value object)
    {
        const std::lock_guard lock(mutex_);
        HttpResponse ignored;
        const std::string collection = collection_of(named(beside)->first);
        create(collection, std::move(object), ignored);
        return collection + "/u" + std::to_string(last_);
    }
    void drop(const std::string& at)
    {
        const std::lock_guard lock(mutex_);
        objects_.erase(at);
    }
    Value shown(const std::string& name)
    {
        const std::lock_guard lock(mutex_);
        return named(name)->second;
    }
    std::vector<std::string> writes()
    {
        const std::lock_guard lock(mutex_);
        return std::exchange(writes_, {});
    }

private:
    using Objects = std::map<std::string, Value>;

    static std::string collection_of(const std::string& at) { return at.substr(0, at.rfind('/')); }
    static bool is_collection(const std::string& at)
    {
        return at.ends_with("/houses") || at.ends_with("/beds") || at.ends_with("/plants");
    }
    static void say(int status, const Value& body, HttpResponse& response)
    {
        response.status = status;
        response.body = json::write(body);
        response.headers.emplace_back("Content-Type", "application/json");
    }

    Objects::iterator named(const std::string& name)
    {
        const auto it = std::ranges::find_if(objects_, [&](const auto& entry) {
            return text_at(entry.second, "metadata.name") == name;
        });
        REQUIRE_MESSAGE(it != objects_.end(), name);
        return it;
    }

    void create(const std::string& collection, Value object, HttpResponse& response)
    {
        const std::string house = collection_of(collection);
        if (house != "/v2" && !objects_.contains(house)) {
            response.status = 404;
            return;
        }
        const std::string uid = "u" + std::to_string(++last_);
        put(object, path("metadata.id"), uid);
        if (collection.ends_with("/plants")) {
            put(object, path("status.bed.id"), text_at(object, "spec.bed"));
            put(object, path("status.state"), "rooted");
            erase(object, path("spec.bed"));
        }
        objects_.emplace(collection + "/" + uid, object);
        say(201, object, response);
    }

    // Two at a time, whatever is asked for: the pages of a small server.
    void list(const std::string& collection, const std::string& query, HttpResponse& response)
    {
        std::vector<const Value*> all;
        for (const auto& [at, object] : objects_) {
            const std::string wanted = "&name=" + text_at(object, "metadata.name") + "&";
            const bool is_asked = query.find("&name=") == std::string::npos ||
                                  query.find(wanted) != std::string::npos;
            if (collection_of(at) == collection && is_asked)
                all.push_back(&object);
        }
        const std::size_t at = query.find("&skip=");
        std::size_t skip = at == std::string::npos ? 0 : std::stoul(query.substr(at + 6));
        List results;
        for (std::size_t end = std::min(all.size(), skip + 2); skip < end; ++skip)
            results.push_back(*all[skip]);
        say(200,
            Map{{"results", std::move(results)}, {"total", static_cast<std::int64_t>(all.size())}},
            response);
    }

    void water(const std::string& plant, const Value& body, HttpResponse& response)
    {
        const auto it = objects_.find(plant);
        response.status = it != objects_.end() ? 204 : 404;
        if (it != objects_.end())
            put(it->second, path("spec.litresPerDay"), *find(body, path("litres")));
    }

    // Whatever is in it would be lost.
    void remove(const std::string& at, HttpResponse& response)
    {
        const auto is_lost = [&](const auto& entry) {
            const std::string uid = at.substr(at.rfind('/') + 1);
            return entry.first.starts_with(at + "/") ||
                   text_at(entry.second, "status.bed.id") == uid;
        };
        lost_ += static_cast<std::size_t>(std::ranges::count_if(objects_, is_lost));
        std::erase_if(objects_, is_lost);
        objects_.erase(at);
        response.status = 204;
    }

public:
    std::size_t lost() const
    {
        const std::lock_guard lock(mutex_);
        return lost_;
    }

private:
    mutable std::mutex mutex_;
    Objects objects_;
    std::vector<std::string> writes_;
    std::size_t lost_ = 0; // with what they were in
    int last_ = 0;
};

std::string plant(const std::string& name, const std::string& house, const std::string& bed)
{
    return "---\napiVersion: greenhouse/v2\nkind: Plant\nmetadata: {name: " + name +
           ", project: " + house + "}\nspec: {bed: {$ref: Bed/" + house + "/" + bed +
           "}, species: tomato, notes: [b, a], litresPerDay: 1.5}\n";
}

struct Scene {
    Scene()
    {
        kinds = (site.directory().parent_path() / (site.directory().filename().string() + "-kinds"))
                    .string();
        std::ofstream(kinds, std::ios::binary) << example_kinds();
        site.write("keep.yaml",
                   "---\napiVersion: greenhouse/v2\nkind: House\nmetadata: {name: east}\n");
    }
    Scene(const Scene&) = delete;
    Scene& operator=(const Scene&) = delete;
    ~Scene() { std::filesystem::remove(kinds); }

    Finished run(std::vector<std::string> arguments) const
    {
        arguments.insert(arguments.end(), {"--kinds", kinds});
        return site.run(server.url(), std::move(arguments));
    }
    Finished apply() const { return run({"apply", "--yes", "--prune"}); }

    Greenhouse api;
    LiveServer server{[this](const HttpRequest& request) { return api.answer(request); }};
    Site site;
    std::string kinds;
};

const std::string house = "---\napiVersion: greenhouse/v2\nkind: House\nmetadata: {name: north}\n";
const std::string bed = "---\napiVersion: greenhouse/v2\nkind: Bed\n"
                        "metadata: {name: south, project: north}\nspec: {soil: clay}\n";

} // namespace

TEST_SUITE("integration: another api")
{
    TEST_CASE("the example of the reference is planned, applied, repaired and pruned")
    {
        Scene scene;
        std::string plants;
        for (const char* name : {"p1", "p2", "p3", "p4", "p5"})
            plants += plant(name, "north", "south");
        scene.site.write("house.yaml", house);
        scene.site.write("bed.yaml", bed);
        scene.site.write("plants.yaml", plants);

        const Finished made = scene.apply();
        CHECK_MESSAGE(made.exit_code == 0, made.out, made.err);
        CHECK(scene.api.count("houses") == 2);
        CHECK(scene.api.count("beds") == 1);
        CHECK(scene.api.count("plants") == 5);
        scene.api.writes();
        const Finished same = scene.run({"plan", "--detailed-exitcode"});
        CHECK_MESSAGE(same.exit_code == 0, same.out, same.err);

        scene.api.change("p3", "spec.species", "nettle");
        scene.api.change("p3", "spec.litresPerDay", 9);
        scene.api.change("south", "metadata.labels.theirs", "yes");
        const Finished repaired = scene.apply();
        CHECK_MESSAGE(repaired.exit_code == 0, repaired.out, repaired.err);
        CHECK(text_at(scene.api.shown("p3"), "spec.species") == "tomato");
        CHECK(text_at(scene.api.shown("south"), "metadata.labels.theirs") == "yes");
        CHECK(scene.api.writes().size() == 2); // what has a call of its own has a write of its own

        scene.site.remove("house.yaml");
        scene.site.remove("bed.yaml");
        scene.site.remove("plants.yaml");
        const Finished pruned = scene.run({"apply", "--yes", "--prune", "--max-deletes", "100%"});
        CHECK_MESSAGE(pruned.exit_code == 0, pruned.out, pruned.err);
        CHECK(scene.api.count("houses") == 1);
        CHECK(scene.api.count("beds") + scene.api.count("plants") == 0);
        CHECK(scene.api.lost() == 0);
    }

    TEST_CASE("6.C: what holds something of others stays, be it by path or by a field")
    {
        Scene scene;
        scene.site.write("house.yaml", house);
        scene.site.write("bed.yaml", bed);
        scene.site.write("plants.yaml", plant("ours", "north", "south"));
        const Finished made = scene.apply();
        REQUIRE_MESSAGE(made.exit_code == 0, made.out, made.err);
        const std::string theirs =
            scene.api.add("ours",
                          Map{{"metadata", Map{{"name", "theirs"}}},
                              {"spec",
                               Map{{"bed", text_at(scene.api.shown("south"), "metadata.id")},
                                   {"species", "rose"}}}});
        scene.site.remove("house.yaml");
        scene.site.remove("bed.yaml");
        scene.site.remove("plants.yaml");
        const std::vector<std::string> prune{"apply", "--yes", "--prune", "--max-deletes", "100%"};

        const Finished kept = scene.run(prune);
        CHECK(kept.exit_code == 1);
        for (const char* line : {"House/tenant/north (not empty): it holds what stays or is not "
                                 "ours: Bed/north/south Plant/north/theirs",
                                 "Bed/north/south (not empty): it holds what stays or is not ours: "
                                 "Plant/north/theirs"})
            CHECK_MESSAGE(kept.out.find(line) != std::string::npos, kept.out);
        CHECK(scene.api.count("plants") == 1);
        CHECK(scene.api.count("beds") == 1);

        scene.api.drop(theirs);
        const Finished gone = scene.run(prune);
        CHECK_MESSAGE(gone.exit_code == 0, gone.out, gone.err);
        CHECK(scene.api.count("houses") == 1);
        CHECK(scene.api.count("beds") == 0);
        CHECK(scene.api.lost() == 0);
    }
}
