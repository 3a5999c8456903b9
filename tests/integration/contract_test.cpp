// Holds what trueup sends, and what the sandbox answers, against the vendor's own document; and
// shows that a kind file which says something wrong does not go unnoticed.

#include "state/model/json.hpp"
#include "state/model/path.hpp"
#include "tests/integration/live_api.hpp"
#include "tests/support/places.hpp"
#include "tests/support/swagger_schema.hpp"

#include <doctest/doctest.h>

using namespace trueup;
using namespace trueup::test;

namespace {

const std::filesystem::path source = trueup::test::source_dir();

struct Exchange {
    std::string method;
    std::string path;
    std::string query;
    std::string request;
    int status = 0;
    std::string answer;
};

void record_exchanges(LiveApi& api, std::vector<Exchange>& exchanges)
{
    api.set_hook([&exchanges](std::size_t, const HttpRequest& request, ServerReply& reply) {
        Exchange exchange;
        exchange.method = request.method;
        const std::size_t mark = std::min(request.target.find('?'), request.target.size());
        exchange.path = request.target.substr(0, mark);
        exchange.query = request.target.substr(mark);
        exchange.request = request.body;
        exchange.status = reply.response.status;
        exchange.answer = reply.response.body;
        exchanges.push_back(std::move(exchange));
    });
}

// The names in a query such as "?limit=50&filters=a".
std::vector<std::string> names_in(const std::string& query)
{
    std::vector<std::string> names;
    for (std::size_t at = 0; at < query.size(); at = std::min(query.find('&', at), query.size())) {
        const std::size_t end = query.find_first_of("=&", ++at);
        names.push_back(query.substr(at, end - at));
    }
    return names;
}

std::string read_file(const std::filesystem::path& file)
{
    std::ifstream in(file, std::ios::binary);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
}

struct Change {
    std::string from;
    std::string to;
};

// The shipped file of a kind with some things changed, as a --kinds file of the site.
std::string
changed_kind(const Site& site, const std::string& file, const std::vector<Change>& changes)
{
    std::string text = read_file(source / "api" / "kinds" / "palette" / file);
    for (const Change& change : changes) {
        const std::size_t at = text.find(change.from);
        REQUIRE_MESSAGE(at != std::string::npos, file, " has no ", change.from);
        text.replace(at, change.from.size(), change.to);
    }
    site.write("kinds.mutant", text);
    const std::filesystem::path mutant = site.directory() / ".kinds";
    std::filesystem::create_directories(mutant);
    std::filesystem::rename(site.directory() / "kinds.mutant", mutant / file);
    return (mutant / file).string();
}

// How the examples fare: the exit codes of an apply, of another that changes all roles and of a
// plan after it, and what a run takes for missing that has only the marks of the objects to know
// them by. `kinds`: a kind file in place of a shipped one, or "".
std::string live_through(const LiveApi& api, const Site& site, const std::string& kinds)
{
    const auto run = [&](std::vector<std::string> arguments) {
        if (!kinds.empty())
            arguments.insert(arguments.end(), {"--kinds", kinds});
        return site.run(api, std::move(arguments));
    };
    const Finished valid = run({"validate"});
    REQUIRE_MESSAGE(valid.exit_code == 0, valid.out, valid.err);
    const int applied = run({"apply", "--yes"}).exit_code;
    // An update is where a wrong path of a facet shows. No role has this permission yet.
    std::string text = read_file(site.directory() / "tenant" / "roles.yaml");
    REQUIRE(text.find("apiKey.get") == std::string::npos);
    for (std::size_t at = text.find("permissions:\n"); at != std::string::npos;
         at = text.find("permissions:\n", at + 13))
        text.insert(at + 13, "    - apiKey.get\n");
    site.write("tenant/roles.yaml", text);
    const int updated = run({"apply", "--yes"}).exit_code;
    const int settled = run({"plan", "--detailed-exitcode"}).exit_code;
    // What cannot be found anew would be made a second time.
    site.remove(".trueup");
    const auto plan = json::parse(run({"plan", "--json"}).out);
    const Value* missed = plan ? find(*plan, *Path::parse("summary.create")) : nullptr;
    return std::to_string(applied) + "/" + std::to_string(updated) + "/" + std::to_string(settled) +
           ", " + (missed != nullptr ? json::write(*missed) : "?") + " missed";
}

// A cluster profile that is there, of the cloud "aws" and the type "infra".
class LiveProfile {
public:
    LiveProfile()
    {
        write("aws", "infra");
        REQUIRE(run({"apply", "--yes"}).exit_code == 0);
        api_.set_hook([this](std::size_t, const HttpRequest& request, ServerReply&) {
            if (api_.sandbox()->is_write(request))
                ++writes_;
        });
    }

    const Site site;

    void write(const std::string& cloud, const std::string& type) const
    {
        site.write("profile.yaml",
                   "apiVersion: palette/v1\nkind: ClusterProfile\nmetadata: {name: base}\nspec:\n"
                   "  version: 1.0.0\n  template:\n    cloudType: " +
                       cloud + "\n    type: " + type + "\n    packs: []\n");
    }
    Finished run(std::vector<std::string> arguments) const
    {
        return site.run(api_, std::move(arguments));
    }
    // Requests so far, since it was made, that are meant to change something.
    std::size_t writes() const { return writes_; }

private:
    std::atomic<std::size_t> writes_ = 0;
    LiveApi api_; // the first to go: it counts
};

} // namespace

TEST_SUITE("integration: contract")
{
    TEST_CASE("every request and every answer fits the vendor's document")
    {
        const std::string spec = trueup::test::palette_spec();
        if (spec.empty() || !std::filesystem::exists(spec)) {
            MESSAGE("skipped: there is no document to compare with");
            return;
        }
        const auto document = SwaggerDocument::read(spec);
        REQUIRE(document);
        LiveApi api;
        Site site;
        site.copy_from(source / "manifests" / "examples");
        std::vector<Exchange> exchanges;
        record_exchanges(api, exchanges);

        REQUIRE(site.run(api, {"apply", "--yes"}).exit_code == 0);
        // Updates of what was created: every label changes, and with it every kind that has labels.
        for (const auto& entry : std::filesystem::recursive_directory_iterator(site.directory())) {
            if (entry.path().extension() != ".yaml" || entry.path().filename() == "trueup.yaml")
                continue;
            std::string text = read_file(entry.path());
            for (std::size_t at = text.find("labels: {"); at != std::string::npos;
                 at = text.find("labels: {", at + 9))
                text.insert(at + 9, "touched: again, ");
            std::ofstream(entry.path(), std::ios::binary) << text;
        }
        const Finished updated = site.run(api, {"apply", "--yes"});
        REQUIRE_MESSAGE(updated.exit_code == 0, updated.out, updated.err);
        CHECK(site.run(api, {"apply", "--yes", "--destroy"}).exit_code <= 1);
        api.set_hook({});

        CHECK(exchanges.size() > 300);
        std::size_t parameters = 0;
        for (const Exchange& exchange : exchanges) {
            CAPTURE(exchange.method);
            CAPTURE(exchange.path);
            const auto operation = document->match(exchange.method, exchange.path);
            REQUIRE(operation);
            for (const std::string& name : names_in(exchange.query)) {
                ++parameters;
                CHECK_MESSAGE(document->has_parameter(*operation, "query", name), name);
            }
            for (const std::string& fault : document->check_request(*operation, exchange.request))
                CHECK_MESSAGE(false, "request: ", fault, "\n", exchange.request);
            for (const std::string& fault :
                 document->check_response(*operation, exchange.status, exchange.answer))
                CHECK_MESSAGE(false, "answer: ", fault, "\n", exchange.answer);
        }
        CHECK(parameters > 100);
    }

    TEST_CASE("a kind file with a wrong path, alias or mutability is found out by the sandbox")
    {
        struct Mutant {
            std::string file;
            Change change;
        };
        const Mutant mutants[] = {
            {"role.yaml", {"read: GET /v1/roles/{uid}", "read: GET /v1/role/{uid}"}},
            {"role.yaml", {"create: POST /v1/roles", "create: POST /v1/role"}},
            {"role.yaml", {"PUT /v1/roles/{uid}", "PUT /v1/roles/{uid}/whole"}},
            {"edge_registration_token.yaml",
             {"readFrom: spec.defaultProject.uid", "readFrom: spec.defaultProjectUid"}},
            {"cluster_profile.yaml", {"readFrom: packUid", "readFrom: uid"}},
            {"tag_filter.yaml",
             {"only: {path: spec.filterType, is: tag}", "only: {path: spec.filterType, is: meta}"}},
        };
        const std::string honest = "0/0/0, 0 missed";
        {
            const LiveApi api;
            Site site;
            site.copy_from(source / "manifests" / "examples");
            REQUIRE(live_through(api, site, "") == honest);
        }
        for (const Mutant& mutant : mutants) {
            CAPTURE(mutant.file);
            CAPTURE(mutant.change.to);
            const LiveApi api;
            Site site;
            site.copy_from(source / "manifests" / "examples");
            const std::string kinds = changed_kind(site, mutant.file, {mutant.change});

            CHECK(live_through(api, site, kinds) != honest);
        }
    }

    TEST_CASE("a field that the API refuses to change, declared as changeable, is found out")
    {
        const LiveProfile profile;
        const std::string kinds = changed_kind(
            profile.site,
            "cluster_profile.yaml",
            {{"default: cluster\n            immutable: true # kinds.yaml cluster_profile\n",
              "default: cluster\n"},
             {"fields: spec.template.packs", "fields: [spec.template.packs, spec.template.type]"}});
        profile.write("aws", "cluster");

        const Finished honest = profile.run({"apply", "--yes"});
        CHECK(profile.writes() == 0);
        const Finished mutant = profile.run({"apply", "--yes", "--kinds", kinds});

        CHECK(honest.exit_code == 1);
        CHECK(honest.out.find("replace forbidden") != std::string::npos);
        CHECK(mutant.exit_code == 1);
        CHECK_MESSAGE(mutant.out.find("the API answered 400: InvalidRequest: the field "
                                      "'spec.template.type' cannot be changed") !=
                          std::string::npos,
                      mutant.out,
                      mutant.err);
        CHECK(profile.writes() == 1);
    }

    TEST_CASE("a field that the API quietly keeps, declared as changeable, is found out")
    {
        const LiveProfile profile;
        const std::string kinds =
            changed_kind(profile.site,
                         "cluster_profile.yaml",
                         {{"immutable: true # kinds.yaml cluster_profile\n"
                           "            readFrom: [spec.published.cloudType",
                           "readFrom: [spec.published.cloudType"},
                          {"fields: spec.template.packs",
                           "fields: [spec.template.packs, spec.template.cloudType]"},
                          {"          packs: {$field: spec.template.packs}\n",
                           "          packs: {$field: spec.template.packs}\n"
                           "          cloudType: {$field: spec.template.cloudType}\n"}});
        profile.write("azure", "infra");

        const Finished honest = profile.run({"apply", "--yes"});
        CHECK(profile.writes() == 0);
        const Finished mutant = profile.run({"apply", "--yes", "--kinds", kinds});
        CHECK(profile.writes() == 2); // the change, and its publish
        const Finished settled = profile.run({"plan", "--detailed-exitcode", "--kinds", kinds});

        CHECK(honest.exit_code == 1);
        CHECK(honest.out.find("replace forbidden") != std::string::npos);
        CHECK_MESSAGE(mutant.err.find("the API keeps other values than were written: "
                                      "spec.template.cloudType") != std::string::npos,
                      mutant.out,
                      mutant.err);
        CHECK(settled.exit_code == 2);
    }
}
