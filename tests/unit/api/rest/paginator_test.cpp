#include "api/rest/paginator.hpp"
#include "tests/unit/api/rest/sample_kinds.hpp"

namespace trueup {

using rest::Paginator;
using samples::from_json;

namespace {

std::string token_answer(const std::string& token, int count)
{
    return R"({"listmeta": {"continue": ")" + token + R"(", "count": )" + std::to_string(count) +
           "}}";
}

std::string query_of(const Paginator& pages)
{
    const auto page = pages.next();
    if (!page)
        return "(end)";
    if (page->link)
        return *page->link;
    std::string text;
    for (const QueryParameter& parameter : page->query)
        text += (text.empty() ? "" : "&") + parameter.name + "=" + parameter.value;
    return text;
}

} // namespace

TEST_SUITE("api: paginator")
{
    TEST_CASE("token: 51 items take two pages, the second asked for with the token of the first")
    {
        const Paging paging = samples::by_token();
        Paginator pages(paging, "/v1/roles");
        CHECK(query_of(pages) == "limit=50");

        REQUIRE(pages.accept(from_json(token_answer("t1", 51)), "", 50));
        CHECK(query_of(pages) == "limit=50&continue=t1");
        REQUIRE(pages.accept(from_json(token_answer("", 51)), "", 1));

        CHECK(query_of(pages) == "(end)");
        CHECK(pages.pages() == 2);
        CHECK(pages.items() == 51);
        CHECK_FALSE(pages.proves_absence());
    }

    TEST_CASE("token: an empty page with a token goes on")
    {
        const Paging paging = samples::by_token();
        Paginator pages(paging, "");

        REQUIRE(pages.accept(from_json(token_answer("t1", 1)), "", 0));

        CHECK(query_of(pages) == "limit=50&continue=t1");
    }

    TEST_CASE("token: a repeated token ends the listing with an error")
    {
        const Paging paging = samples::by_token();
        Paginator pages(paging, "");
        REQUIRE(pages.accept(from_json(token_answer("t1", 200)), "", 50));
        REQUIRE(pages.accept(from_json(token_answer("t2", 200)), "", 50));

        const auto again = pages.accept(from_json(token_answer("t1", 200)), "", 50);

        REQUIRE_FALSE(again);
        CHECK(again.error().code == Errc::rejected);
        CHECK(again.error().message == "the listing repeats a page token");
    }

    TEST_CASE("token: an answer without listmeta, or with null, ends the list")
    {
        const Paging paging = samples::by_token();
        for (const char* answer : {"{}", R"({"listmeta": null})", R"({"listmeta": {}})"}) {
            Paginator pages(paging, "");
            REQUIRE(pages.accept(from_json(answer), "", 3));
            CHECK(query_of(pages) == "(end)");
            CHECK(pages.proves_absence());
        }
    }

    TEST_CASE("one page proves absence, unless the total says that there is more")
    {
        const Paging paging = samples::by_token();
        Paginator whole(paging, "");
        REQUIRE(whole.accept(from_json(token_answer("", 7)), "", 7));
        CHECK(whole.proves_absence());

        Paginator cut(paging, "");
        REQUIRE(cut.accept(from_json(token_answer("", 8)), "", 7));
        CHECK_FALSE(cut.proves_absence());
    }

    TEST_CASE("a walk that is not over proves nothing")
    {
        const Paging paging = samples::by_token();
        Paginator pages(paging, "");
        REQUIRE(pages.accept(from_json(token_answer("t1", 100)), "", 50));

        CHECK_FALSE(pages.proves_absence());
    }

    TEST_CASE("limits: too many pages and too many items are errors")
    {
        Paging paging = samples::by_token();
        paging.pages_max = 2;
        Paginator pages(paging, "");
        REQUIRE(pages.accept(from_json(token_answer("a", 500)), "", 50));
        const auto third = pages.accept(from_json(token_answer("b", 500)), "", 50);
        REQUIRE_FALSE(third);
        CHECK(third.error().code == Errc::too_large);

        paging.items_max = 60;
        Paginator items(paging, "");
        REQUIRE(items.accept(from_json(token_answer("a", 500)), "", 50));
        const auto many = items.accept(from_json(token_answer("", 500)), "", 50);
        REQUIRE_FALSE(many);
        CHECK(many.error().code == Errc::too_large);
    }

    TEST_CASE("offset: the number of items seen so far, until the total or a page that is not full")
    {
        Paging paging;
        paging.style = PageStyle::offset;
        paging.token_parameter = "skip";
        paging.size_parameter = "take";
        paging.size = 2;
        paging.count = samples::path("total");
        Paginator counted(paging, "");
        CHECK(query_of(counted) == "take=2&skip=0");
        REQUIRE(counted.accept(from_json(R"({"total": 4})"), "", 2));
        CHECK(query_of(counted) == "take=2&skip=2");
        REQUIRE(counted.accept(from_json(R"({"total": 4})"), "", 2));
        CHECK(query_of(counted) == "(end)");

        paging.count = Path();
        Paginator uncounted(paging, "");
        REQUIRE(uncounted.accept(from_json("{}"), "", 2));
        CHECK(query_of(uncounted) == "take=2&skip=2");
        REQUIRE(uncounted.accept(from_json("{}"), "", 1));
        CHECK(query_of(uncounted) == "(end)");
    }

    TEST_CASE("A: without a total, a first page that is not full may be all that is given at once")
    {
        Paging paging;
        paging.style = PageStyle::offset;
        paging.token_parameter = "skip";
        paging.size = 100;
        Paginator all(paging, "");
        REQUIRE(all.accept(from_json("{}"), "", 2));
        CHECK(query_of(all) == "skip=2");
        REQUIRE(all.accept(from_json("{}"), "", 0));
        CHECK(query_of(all) == "(end)");
        CHECK_FALSE(all.proves_absence()); // what was there may have moved up meanwhile

        Paginator small(paging, "");
        REQUIRE(small.accept(from_json("{}"), "", 2));
        REQUIRE(small.accept(from_json("{}"), "", 2));
        CHECK(query_of(small) == "skip=4");
        REQUIRE(small.accept(from_json("{}"), "", 1));
        CHECK(query_of(small) == "(end)");
        CHECK(small.items() == 5);

        Paginator refused(paging, "");
        CHECK_FALSE(refused.accept_refusal(true));
        REQUIRE(refused.accept(from_json("{}"), "", 2));
        CHECK(refused.accept_refusal(false));
        CHECK(query_of(refused) == "(end)");

        Paginator limited(paging, "");
        REQUIRE(limited.accept(from_json("{}"), "", 2));
        REQUIRE(limited.accept(from_json("{}"), "", 2));
        CHECK_FALSE(limited.accept_refusal(false)); // they may all be full
        CHECK(limited.accept_refusal(true));

        Paginator none(paging, "");
        REQUIRE(none.accept(from_json("{}"), "", 0));
        CHECK(query_of(none) == "(end)");
        CHECK(none.proves_absence());

        paging.count = samples::path("total");
        Paginator counted(paging, "");
        REQUIRE(counted.accept(from_json(R"({"total": 3})"), "", 2));
        CHECK_FALSE(counted.accept_refusal(true));
    }

    TEST_CASE("page: numbers from 1")
    {
        Paging paging;
        paging.style = PageStyle::page;
        paging.token_parameter = "page";
        paging.size = 2;
        Paginator pages(paging, "");
        CHECK(query_of(pages) == "page=1");
        REQUIRE(pages.accept(from_json("{}"), "", 2));
        CHECK(query_of(pages) == "page=2");
        REQUIRE(pages.accept(from_json("{}"), "", 0));
        CHECK(query_of(pages) == "(end)");
    }

    TEST_CASE("link: only the query of rel=next is used, whatever host it names")
    {
        Paging paging;
        paging.style = PageStyle::link;
        Paginator pages(paging, "/v1/roles");
        const std::string header = "<https://evil.example/v1/roles?page=1>; rel=\"prev\", "
                                   "<https://evil.example/v1/roles?page=2&x=%20>; rel=\"next\"";

        REQUIRE(pages.accept(from_json("{}"), header, 2));

        CHECK(query_of(pages) == "page=2&x=%20");
        REQUIRE(pages.accept(from_json("{}"), "", 1));
        CHECK(query_of(pages) == "(end)");
    }

    TEST_CASE("link: one to another path is refused")
    {
        Paging paging;
        paging.style = PageStyle::link;
        Paginator pages(paging, "/v1/roles");

        const auto away = pages.accept(from_json("{}"), "</v1/secrets?page=2>; rel=next", 2);

        REQUIRE_FALSE(away);
        CHECK(away.error().code == Errc::rejected);
    }

    TEST_CASE("link: one that holds what no URL holds is refused")
    {
        for (const std::string next : {"page=2 3", "page=2\t", "page=\xE0", "page=2#end"}) {
            CAPTURE(next);
            Paging paging;
            paging.style = PageStyle::link;
            Paginator pages(paging, "/v1/roles");

            const auto odd = pages.accept(from_json("{}"), "</v1/roles?" + next + ">; rel=next", 2);

            REQUIRE_FALSE(odd);
            CHECK(odd.error().code == Errc::rejected);
            CHECK_FALSE(pages.proves_absence());
        }
    }

    TEST_CASE("none: one page; a full one of a list with a size proves nothing")
    {
        Paging paging;
        Paginator plain(paging, "");
        CHECK(query_of(plain) == "");
        REQUIRE(plain.accept(from_json("{}"), "", 500));
        CHECK(query_of(plain) == "(end)");
        CHECK(plain.proves_absence());

        paging.size_parameter = "limit";
        Paginator full(paging, "");
        REQUIRE(full.accept(from_json("{}"), "", 50));
        CHECK_FALSE(full.proves_absence());
        Paginator partly(paging, "");
        REQUIRE(partly.accept(from_json("{}"), "", 49));
        CHECK(partly.proves_absence());
    }
}

} // namespace trueup
