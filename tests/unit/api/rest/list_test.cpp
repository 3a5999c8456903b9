#include "tests/unit/api/rest/sample_kinds.hpp"

#include <algorithm>

namespace trueup {

using namespace samples;

namespace {

std::string item(const std::string& uid, const std::string& name)
{
    return R"({"metadata": {"uid": ")" + uid + R"(", "name": ")" + name + R"("}})";
}

std::string numbered(int number)
{
    return item("u" + std::to_string(number), "r" + std::to_string(number));
}

std::string page(const std::vector<std::string>& items, const std::string& next = {})
{
    std::string text;
    for (const std::string& each : items)
        text += (text.empty() ? "" : ",") + each;
    return R"({"items": [)" + text + R"(], "listmeta": {"continue": ")" + next + "\"}}";
}

// The items from `offset` on, 50 at a time, as the API pages them: the token is the next offset.
HttpResponse paged(const SentRequest& request, const std::vector<std::string>& all)
{
    std::size_t offset = 0;
    if (const auto at = request.target.find("continue="); at != std::string::npos)
        offset = std::stoul(request.target.substr(at + 9));
    const std::size_t end = std::min(offset + 50, all.size());
    const auto first = all.begin() + static_cast<std::ptrdiff_t>(std::min(offset, all.size()));
    const auto last = all.begin() + static_cast<std::ptrdiff_t>(end);
    return make_response(200, page({first, last}, end < all.size() ? std::to_string(end) : ""));
}

struct Listed {
    Result<WalkReport> report;
    std::vector<Observed> objects;
};

Listed list_of_roles(FakeHttp::Handler handler, Kind kind = role())
{
    World world(catalogue_of({std::move(kind)}), std::move(handler));
    std::vector<Observed> found;
    auto report = world.list(world.kind("Role"), found);
    return {std::move(report), std::move(found)};
}

Listed list_of_answer(const std::string& body, Kind kind = role())
{
    return list_of_roles(
        [body](const SentRequest&) -> Result<HttpResponse> { return make_response(200, body); },
        std::move(kind));
}

} // namespace

TEST_SUITE("api: list")
{
    TEST_CASE("50 items are one page that proves absence; 51 are two that do not")
    {
        std::vector<std::string> all;
        for (int i = 0; i < 50; ++i)
            all.push_back(numbered(i));
        const auto handler = [&](const SentRequest& request) -> Result<HttpResponse> {
            return paged(request, all);
        };

        const Listed fifty = list_of_roles(handler);
        REQUIRE(fifty.report);
        CHECK(fifty.objects.size() == 50);
        CHECK(fifty.report->pages == 1);
        CHECK(fifty.report->proves_absence);

        all.push_back(numbered(50));
        const Listed more = list_of_roles(handler);
        REQUIRE(more.report);
        CHECK(more.objects.size() == 51);
        CHECK(more.report->pages == 2);
        CHECK(more.report->items == 51);
        CHECK_FALSE(more.report->proves_absence);
    }

    TEST_CASE("an object that moves between pages is handed over once")
    {
        std::vector<std::string> all;
        for (int i = 0; i < 60; ++i)
            all.push_back(numbered(i));
        int requests = 0;
        const Listed listed =
            list_of_roles([&](const SentRequest& request) -> Result<HttpResponse> {
                // Something is added at the front after the first page: r49 shows again.
                if (++requests == 2)
                    all.insert(all.begin(), numbered(99));
                return paged(request, all);
            });

        REQUIRE(listed.report);
        CHECK(listed.objects.size() == 60);
        CHECK(std::ranges::count(listed.objects, "u49", &Observed::uid) == 1);
        CHECK_FALSE(listed.report->proves_absence);
    }

    TEST_CASE("null, empty and left-out items are an empty list; left out they prove nothing")
    {
        for (const char* body : {R"({"items": null})", R"({"items": []})"}) {
            const Listed listed = list_of_answer(body);
            REQUIRE(listed.report);
            CHECK(listed.objects.empty());
            CHECK(listed.report->proves_absence);
        }
        const Listed left_out = list_of_answer(R"({"listmeta": {}})");
        REQUIRE(left_out.report);
        CHECK_FALSE(left_out.report->proves_absence);
    }

    TEST_CASE("an answer that is no list is an error, never an empty list")
    {
        for (const char* body : {R"({"code": "X", "message": "error with status 200"})",
                                 R"({"items": {"a": 1}})",
                                 R"({"items": "x"})",
                                 "[]",
                                 "\"x\"",
                                 "null",
                                 "",
                                 "<html>",
                                 R"({"items": [)"}) {
            CAPTURE(body);
            const Listed listed = list_of_answer(body);
            REQUIRE_FALSE(listed.report);
            CHECK(listed.report.error().code == Errc::rejected);
            CHECK(listed.report.error().place == "GET /v1/roles");
        }
    }

    TEST_CASE("a failure of a later page fails the whole walk")
    {
        for (const int status : {403, 404, 400}) {
            CAPTURE(status);
            const Listed listed =
                list_of_roles([&](const SentRequest& request) -> Result<HttpResponse> {
                    if (request.target.find("continue") != std::string::npos)
                        return make_response(status);
                    return make_response(200, page({numbered(1)}, "t"));
                });
            CHECK_FALSE(listed.report);
        }
    }

    TEST_CASE("A: an API that gives out smaller pages than it is asked for is listed whole")
    {
        Kind kind = role();
        kind.list->paging = Paging();
        kind.list->paging.style = PageStyle::page;
        kind.list->paging.token_parameter = "page";
        const auto of_page = [](const SentRequest& request) {
            return std::stoi(request.target.substr(request.target.find("page=") + 5));
        };
        const Listed small = list_of_roles(
            [&](const SentRequest& request) -> Result<HttpResponse> {
                const int n = of_page(request);
                if (n == 3) // after the last
                    return make_response(404);
                return make_response(200, page({numbered(2 * n), numbered(2 * n + 1)}));
            },
            kind);
        REQUIRE(small.report);
        CHECK(small.objects.size() == 4);
        CHECK_FALSE(small.report->proves_absence);

        const Listed deaf = list_of_roles(
            [&](const SentRequest&) { return make_response(200, page({numbered(1)})); }, kind);
        REQUIRE_FALSE(deaf.report);
        CHECK(deaf.report.error().message.find("two pages in a row are the same") !=
              std::string::npos);

        kind.list->paging.size = 2; // after a full page, it is a limit on how far one may look
        const Listed limited = list_of_roles(
            [&](const SentRequest& request) -> Result<HttpResponse> {
                const int n = of_page(request);
                return n == 3 ? make_response(400)
                              : make_response(200, page({numbered(2 * n), numbered(2 * n + 1)}));
            },
            kind);
        CHECK_FALSE(limited.report);

        const Listed gone =
            list_of_roles([](const SentRequest&) { return make_response(404); }, kind);
        CHECK_FALSE(gone.report);
        const Listed failing = list_of_roles(
            [&](const SentRequest& request) -> Result<HttpResponse> {
                return of_page(request) == 1 ? make_response(200, page({numbered(1)}))
                                             : make_response(500);
            },
            kind);
        CHECK_FALSE(failing.report);
    }

    TEST_CASE("a listing that expires in the middle is walked anew, and then proves nothing")
    {
        Kind kind = role();
        kind.list->paging.expired_codes = {"OldToken"};
        const HttpResponse expired[] = {make_response(410),
                                        make_response(400, R"({"code": "OldToken"})")};
        for (const HttpResponse& answer : expired) {
            CAPTURE(answer.status);
            int walks = 0;
            const Listed listed = list_of_roles(
                [&](const SentRequest& request) -> Result<HttpResponse> {
                    if (request.target.find("continue") != std::string::npos)
                        return answer;
                    // The second time it is all on one page, without what was there before.
                    if (++walks == 2)
                        return make_response(200, page({numbered(1), numbered(3)}));
                    return make_response(200, page({numbered(1), numbered(2)}, "t"));
                },
                kind);

            REQUIRE_MESSAGE(listed.report, (listed.report ? "" : listed.report.error().text()));
            CHECK(walks == 2);
            CHECK(listed.objects.size() == 3); // u1 once
            CHECK_FALSE(listed.report->proves_absence);
        }
    }

    TEST_CASE("a listing that expires each time is given up after three more walks")
    {
        int firsts = 0;
        int requests = 0;
        const Listed listed =
            list_of_roles([&](const SentRequest& request) -> Result<HttpResponse> {
                ++requests;
                if (request.target.find("continue") != std::string::npos)
                    return make_response(410);
                return make_response(200, page({numbered(++firsts)}, "t"));
            });

        REQUIRE_FALSE(listed.report);
        CHECK(listed.report.error().code == Errc::rejected); // and not that something is not there
        CHECK(listed.report.error().message.find("each of 4 walks") != std::string::npos);
        CHECK(listed.report.error().place == "GET /v1/roles");
        CHECK(firsts == 4);
        CHECK(requests == 8);
    }

    TEST_CASE("a list that says 410 at once has not expired: there is none")
    {
        int requests = 0;
        const Listed listed = list_of_roles([&](const SentRequest&) -> Result<HttpResponse> {
            ++requests;
            return make_response(410);
        });

        REQUIRE_FALSE(listed.report);
        CHECK(requests == 1);
    }

    TEST_CASE("a server that repeats its token is stopped")
    {
        int requests = 0;
        const Listed listed = list_of_roles([&](const SentRequest&) -> Result<HttpResponse> {
            ++requests;
            return make_response(200, page({numbered(requests)}, "same"));
        });

        REQUIRE_FALSE(listed.report);
        CHECK(listed.report.error().code == Errc::rejected);
        CHECK(requests == 2);
    }

    TEST_CASE("an item that cannot be read fails the walk and is named")
    {
        const Listed listed = list_of_answer(page({R"({"metadata": {"uid": "u7", "name": 5}})"}));

        REQUIRE_FALSE(listed.report);
        CHECK(listed.report.error().message.find("u7") != std::string::npos);
        CHECK(listed.report.error().message.find("metadata.name") != std::string::npos);
    }

    TEST_CASE("items of another kind in a mixed list are left out")
    {
        Kind kind = role();
        kind.list->only.push_back(Condition{path("spec.type"), {Value("tag")}});

        const Listed listed = list_of_answer(
            R"({"items": [{"metadata": {"uid": "a"}, "spec": {"type": "tag"}},
                          {"metadata": {"uid": "b"}, "spec": {"type": "meta"}}]})",
            kind);

        REQUIRE(listed.report);
        REQUIRE(listed.objects.size() == 1);
        CHECK(listed.objects.front().uid == "a");
        CHECK(listed.report->proves_absence);
    }

    TEST_CASE("a mixed list with something that cannot be told is refused")
    {
        Kind kind = role();
        kind.list->only.push_back(Condition{path("spec.type"), {Value("tag")}});

        const Listed listed = list_of_answer(
            R"({"items": [{"metadata": {"uid": "a"}, "spec": {"type": "tag"}}, {"metadata": 7}]})",
            kind);

        REQUIRE_FALSE(listed.report);
        CHECK(listed.report.error().code == Errc::rejected);
        CHECK(listed.report.error().message.find("metadata.uid") != std::string::npos);
    }

    TEST_CASE("items at the root, and uids and names anywhere in them")
    {
        Kind kind = role();
        kind.list->items = Path();
        kind.list->uid = path("uid");
        kind.list->paging = Paging();
        kind.schema.fields[0].fields[0].read_from.push_back(path("name"));

        const Listed listed = list_of_answer(R"([{"uid": "u", "name": "n"}])", kind);

        REQUIRE(listed.report);
        CHECK(*find(listed.objects.at(0).value, path("metadata.name")) == Value("n"));
    }

    TEST_CASE("what an index carries is incomplete, and so is what further reads complete")
    {
        Kind index = role();
        index.list->index_only = true;
        CHECK_FALSE(list_of_answer(page({numbered(1)}), index).objects.at(0).complete);

        Kind more = role();
        ExtraRead extra;
        extra.call = operation("more", OperationClass::read, "GET", "/v1/roles/{uid}/more");
        more.read.more.push_back(extra);
        CHECK_FALSE(list_of_answer(page({numbered(1)}), more).objects.at(0).complete);
        CHECK(list_of_answer(page({numbered(1)})).objects.at(0).complete);
    }

    TEST_CASE("an error of whoever takes the objects ends the walk")
    {
        World world(catalogue_of({role()}), [](const SentRequest&) -> Result<HttpResponse> {
            return make_response(200, page({numbered(1)}, "t"));
        });
        PageSink sink = [](std::vector<Observed>) -> Result<void> {
            return Error{Errc::cancelled, "stop"};
        };

        const auto report =
            world.clock.run(world.provider->list(world.kind("Role"), {}, sink, CallContext("x")));

        REQUIRE_FALSE(report);
        CHECK(report.error().code == Errc::cancelled);
        CHECK(world.http.requests.size() == 1);
    }

    TEST_CASE("each project's list is asked for in that project")
    {
        World world(catalogue_of({role()}), [](const SentRequest&) -> Result<HttpResponse> {
            return make_response(200, page({}));
        });
        std::vector<Observed> found;

        REQUIRE(world.list(world.kind("Role"), found, Scope("a", "p-1")));
        REQUIRE(world.list(world.kind("Role"), found, Scope("b", "p-2")));
        REQUIRE(world.list(world.kind("Role"), found));

        CHECK(world.http.requests.at(0).header("ProjectUid") == "p-1");
        CHECK(world.http.requests.at(1).header("ProjectUid") == "p-2");
        CHECK(world.http.requests.at(2).header("ProjectUid").empty());
        CHECK(world.http.requests.at(0).target == "/v1/roles?limit=50");
    }
}

} // namespace trueup
