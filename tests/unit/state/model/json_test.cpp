#include "state/model/json.hpp"
#include "state/model/path.hpp"

#include <doctest/doctest.h>

using namespace trueup;

namespace {

Errc code_of(std::string_view text, const json::Limits& limits = {})
{
    auto value = json::parse(text, limits);
    REQUIRE_FALSE(value);
    return value.error().code;
}

// What is read back from `text`, written again.
std::string rewritten(std::string_view text)
{
    auto value = json::parse(text);
    REQUIRE_MESSAGE(value, (value ? "" : value.error().text()));
    return json::write(*value);
}

std::string nested(std::size_t depth)
{
    return std::string(depth, '[') + std::string(depth, ']');
}

} // namespace

TEST_SUITE("model: json")
{
    TEST_CASE("parse: an object becomes a map with sorted keys")
    {
        auto value = json::parse(R"({"b": [1, true, null, {"y": {}, "x": []}], "a": "text"})");

        REQUIRE(value);
        CHECK(*value ==
              Value(Map{{"a", "text"},
                        {"b", List{1, true, nullptr, Map{{"x", List{}}, {"y", Map{}}}}}}));
    }

    TEST_CASE("parse: 64-bit integers are exact, every other number keeps its text")
    {
        CHECK(*json::parse("9223372036854775807") == Value(std::int64_t{INT64_MAX}));
        CHECK(*json::parse("-9223372036854775808") == Value(std::int64_t{INT64_MIN}));
        CHECK(*json::parse("-0") == Value(0));

        for (const std::string text : {"9223372036854775808",
                                       "18446744073709551616",
                                       "1.10",
                                       "1e3",
                                       "1e400",
                                       "-1.5E+999",
                                       "1.00000000001e-2147483638",
                                       "1e-99999999999999999999"}) {
            CAPTURE(text);
            auto value = json::parse(text);
            REQUIRE(value);
            REQUIRE(value->if_decimal() != nullptr);
            CHECK(value->if_decimal()->text == text);
        }
    }

    TEST_CASE("parse: a number past the range of a double leaves its neighbours as they are")
    {
        const std::string long_integer(400, '7');
        const std::string text = R"({"a":1,"b":")"
                                 "1e400 \\\" 2"
                                 R"(","c":[1e400,-2,)" +
                                 long_integer + R"(,0.5],"d":3})";

        CHECK(rewritten(text) == text);
    }

    TEST_CASE("parse: what is no number by the grammar is refused beside a huge one too")
    {
        for (const std::string text : {"[1e400,01]",
                                       "[1e400,1.]",
                                       "[1e400,.5]",
                                       "[1e400,+1]",
                                       "[1e400,1-2]",
                                       "[01]",
                                       "[1.]",
                                       "[-]",
                                       "[0x10]",
                                       "[NaN]",
                                       "[Infinity]"}) {
            CAPTURE(text);
            CHECK(code_of(text) == Errc::rejected);
        }
    }

    TEST_CASE("parse: broken text fails with its position")
    {
        auto value = json::parse("{\"a\": 1,\n \"b\" 2}");

        REQUIRE_FALSE(value);
        CHECK(value.error().code == Errc::rejected);
        CHECK(value.error().place == "at byte 14");
        CHECK(value.error().message.starts_with("not JSON: "));
    }

    TEST_CASE("parse: a text that was cut is refused wherever it was cut")
    {
        const std::string text =
            R"({"items": [{"a": "x\u00e4", "n": 1.5}, [true, null]], "b": -12})";
        REQUIRE(json::parse(text));

        for (std::size_t size = 0; size < text.size(); ++size) {
            CAPTURE(size);
            CHECK(code_of(std::string_view(text).substr(0, size)) == Errc::rejected);
        }
    }

    TEST_CASE("parse: what follows the document is refused, a NUL character too")
    {
        using namespace std::string_view_literals;
        CHECK(code_of("{} {}") == Errc::rejected);
        CHECK(code_of("{}\0"sv) == Errc::rejected);
        CHECK(code_of("{}\0garbage"sv) == Errc::rejected);
        CHECK(code_of("[1,\0]"sv) == Errc::rejected);
        CHECK(json::parse(" {} \n"));
    }

    TEST_CASE("parse: a NUL inside a string is a character like any other")
    {
        auto value = json::parse(R"({"a\u0000b": "c\u0000d"})");

        REQUIRE(value);
        const Value* member = value->if_map()->find(std::string_view("a\0b", 3));
        REQUIRE(member != nullptr);
        CHECK(member->string_or_empty() == std::string("c\0d", 3));
        CHECK(json::write(*value) == R"({"a\u0000b":"c\u0000d"})");
    }

    TEST_CASE("parse: a name that is there twice is refused at every level")
    {
        CHECK(code_of(R"({"a": 1, "b": 2, "a": 1})") == Errc::rejected);
        CHECK(code_of(R"([{"x": {"z": 1, "y": 2, "z": 3}}])") == Errc::rejected);
        CHECK(code_of(R"({"a": 1, "\u0061": 2})") == Errc::rejected);
        CHECK(json::parse(R"({"a": {"a": 1}, "b": {"a": 1}})"));
        const auto failed = json::parse(R"({"hunter2": 1, "hunter2": 2})");
        CHECK(failed.error().text().find("hunter2") == std::string::npos);
    }

    TEST_CASE("parse: bytes that are not UTF-8 are refused, raw and escaped")
    {
        CHECK(code_of("\"\xFF\"") == Errc::rejected);
        CHECK(code_of("\"\xC0\xAF\"") == Errc::rejected);
        CHECK(code_of("\"\xED\xA0\x80\"") == Errc::rejected);
        CHECK(code_of("\"\xF4\x90\x80\x80\"") == Errc::rejected);
        CHECK(code_of("\"12345678901234567890\xE2\x82\"") == Errc::rejected);
        CHECK(code_of(R"("\udc00")") == Errc::rejected);
        CHECK(code_of(R"({"\udc00": 1})") == Errc::rejected);
        CHECK(code_of(R"("\ud800x")") == Errc::rejected);
        CHECK(json::parse(R"("\ud83d\ude00")")->string_or_empty() == "\xF0\x9F\x98\x80");
        CHECK(json::parse("\"\xC3\xA4 \xE2\x82\xAC \xF0\x9F\x98\x80\""));
    }

    TEST_CASE("parse: one byte order mark at the start is skipped")
    {
        CHECK(*json::parse("\xEF\xBB\xBF{\"a\":1}") == Value(Map{{"a", 1}}));
        CHECK(code_of("\xEF\xBB\xBF\xEF\xBB\xBF{}") == Errc::rejected);
    }

    TEST_CASE("parse: the limits on depth, values and bytes hold, and name themselves")
    {
        json::Limits limits;
        CHECK(json::parse(nested(64)));
        CHECK(code_of(nested(65)) == Errc::too_large);
        CHECK(code_of(nested(1'000'000)) == Errc::too_large);
        CHECK(code_of(std::string(1'000'000, '[')) == Errc::too_large);

        std::string objects;
        for (int i = 0; i < 100'000; ++i)
            objects += R"({"a":)";
        CHECK(code_of(objects) == Errc::too_large);

        limits.nodes_max = 4;
        CHECK(json::parse("[1,2,3]", limits));
        CHECK(code_of("[1,2,3,4]", limits) == Errc::too_large);

        limits.bytes_max = 10;
        CHECK(json::parse("[123456]", limits));
        auto large = json::parse("[123456789]", limits);
        REQUIRE_FALSE(large);
        CHECK(large.error().code == Errc::too_large);
        CHECK(large.error().message == "the JSON text has 11 bytes, more than 10");
    }

    TEST_CASE("parse: a view into a larger text ends where it says")
    {
        const std::string text = "[12]34,\"x\"]";

        CHECK(*json::parse(std::string_view(text).substr(0, 4)) == Value(List{12}));
        CHECK(*json::parse(std::string_view(text).substr(4, 2)) == Value(34));
    }

    TEST_CASE("write: the same value gives the same text, whatever the order it was read in")
    {
        CHECK(rewritten(R"({"b":1,"a":{"d":2,"c":3}})") == R"({"a":{"c":3,"d":2},"b":1})");
        CHECK(rewritten(R"( { "a" : [ 1 , 2.50 , "x" ] } )") == R"({"a":[1,2.50,"x"]})");
    }

    TEST_CASE("write: control characters, quotes and backslashes are escaped")
    {
        CHECK(json::write(Value("a\"b\\c\n\t\x01\x1f\xC3\xA4")) ==
              "\"a\\\"b\\\\c\\n\\t\\u0001\\u001F\xC3\xA4\"");
        CHECK(json::write(Value(Map{{"\n", 1}})) == R"({"\n":1})");
    }

    TEST_CASE("write: a secret is shown only where that was asked for")
    {
        const Value value(Map{{"password", Secret("hunter2", "ab12", "file:/run/x")}});

        CHECK(json::write(value) == R"-({"password":"(sensitive)"})-");
        CHECK(json::write(value, json::Secrets::hash) == R"({"password":{"$hash":"ab12"}})");
        CHECK(json::write(value, json::Secrets::source) ==
              R"({"password":{"$secret":"file:/run/x"}})");
        CHECK(json::write(value, json::Secrets::reveal) == R"({"password":"hunter2"})");
        CHECK(json::write_pretty(value) == "{\n  \"password\": \"(sensitive)\"\n}");
    }

    TEST_CASE("write: an unknown value says what it waits for")
    {
        auto lookup = std::make_shared<Lookup>();
        lookup->kind = "Pack";
        lookup->criteria = Map{{"name", "k8s"}, {"tag", "1.29"}};
        const Value value(List{Unknown{"Project/tenant/a", "", nullptr},
                               Unknown{"Project/tenant/a", "status.x", nullptr},
                               Unknown{"", "", lookup}});

        CHECK(json::write(value) == R"([{"$unknown":"Project/tenant/a"},)"
                                    R"({"$unknown":"Project/tenant/a status.x"},)"
                                    R"({"$unknown":"Pack name=k8s tag=1.29"}])");
    }

    TEST_CASE(
        "parse_remembered: a secret comes back as its hash, and equals the secret it was made of")
    {
        const SecretHasher hasher("key");
        const Value written(Map{{"a", List{hasher.make("hunter2", "env:X")}}, {"b", "plain"}});

        auto read = json::parse_remembered(json::write(written, json::Secrets::hash));

        REQUIRE(read);
        CHECK(*read == written);
        const Secret* secret = find(*read, *Path::parse("a")) != nullptr
                                   ? read->if_map()->find("a")->if_list()->front().if_secret()
                                   : nullptr;
        REQUIRE(secret != nullptr);
        CHECK_FALSE(secret->has_text());
    }
}
