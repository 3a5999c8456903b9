#include "state/model/json.hpp"
#include "state/model/path.hpp"
#include "state/model/yaml.hpp"

#include <doctest/doctest.h>

using namespace trueup;

namespace {

// The one document of `text`, without a complaint.
Value read_one(std::string_view text)
{
    Diagnostics diagnostics;
    auto documents = yaml::parse(text, "x.yaml", diagnostics);
    REQUIRE_MESSAGE(diagnostics.all().empty(), diagnostics.all().front().text());
    REQUIRE(documents.size() == 1);
    return std::move(documents.front());
}

std::vector<std::string> faults_of(std::string_view text, const yaml::Limits& limits = {})
{
    Diagnostics diagnostics;
    yaml::parse(text, "x.yaml", diagnostics, limits);
    diagnostics.sort();
    std::vector<std::string> lines;
    for (const Diagnostic& diagnostic : diagnostics.all())
        lines.push_back(diagnostic.text());
    return lines;
}

std::string fault_of(std::string_view text, const yaml::Limits& limits = {})
{
    const auto faults = faults_of(text, limits);
    REQUIRE(faults.size() == 1);
    return faults.front();
}

Place place_of(const Value& root, std::string_view path)
{
    const Value* at = find(root, *Path::parse(path));
    REQUIRE(at != nullptr);
    return at->place();
}

std::string line_column(Place place)
{
    return std::to_string(place.line) + ":" + std::to_string(place.column);
}

} // namespace

TEST_SUITE("model: yaml")
{
    TEST_CASE("parse: a manifest becomes a tree whose members know where their keys stand")
    {
        const Value value = read_one("kind: Role\n"
                                     "metadata:\n"
                                     "  name: x\n"
                                     "  labels: {env: prod}\n"
                                     "spec:\n"
                                     "  list:\n"
                                     "    - a\n"
                                     "    - b: 1\n");

        CHECK(line_column(value.place()) == "1:1");
        CHECK(line_column(place_of(value, "metadata")) == "2:1");
        CHECK(line_column(place_of(value, "metadata.name")) == "3:3");
        CHECK(line_column(place_of(value, "metadata.labels")) == "4:3");
        CHECK(line_column(place_of(value, "metadata.labels.env")) == "4:12");
        const List* list = find(value, *Path::parse("spec.list"))->if_list();
        CHECK(line_column(list->at(0).place()) == "7:7");
        CHECK(line_column(list->at(1).place()) == "8:7");
    }

    TEST_CASE("parse: documents come in order, empty ones are left out")
    {
        Diagnostics diagnostics;

        const auto documents =
            yaml::parse("---\n# nothing\n---\na: 1\n---\n---\nb: 2\n...\n", "x", diagnostics);

        CHECK(diagnostics.all().empty());
        REQUIRE(documents.size() == 2);
        CHECK(documents[0] == Value(Map{{"a", 1}}));
        CHECK(documents[1] == Value(Map{{"b", 2}}));
        CHECK(documents[1].place().line == 7);
        CHECK(yaml::parse("", "x", diagnostics).empty());
        CHECK(yaml::parse("# only a comment", "x", diagnostics).empty());
    }

    TEST_CASE("parse: the escapes \\N, \\_, \\L and \\P are characters, in values and in keys")
    {
        Diagnostics diagnostics;

        const auto documents =
            yaml::parse("\"k\\_\": \"\u00e9\\N\\N\\_x\\L\\P\\x85\"\n", "x", diagnostics);

        CHECK(diagnostics.all().empty());
        REQUIRE(documents.size() == 1);
        CHECK(documents[0] ==
              Value(Map{{"k\u00a0", "\u00e9\u0085\u0085\u00a0x\u2028\u2029\u0085"}}));
        CHECK(yaml::parse(yaml::write(documents[0]), "x", diagnostics) == documents);
    }

    TEST_CASE("plain_scalar: the core schema of YAML 1.2")
    {
        for (const std::string text : {"", "~", "null", "Null", "NULL"})
            CHECK(yaml::plain_scalar(text).is_null());
        for (const std::string text : {"true", "True", "TRUE"})
            CHECK(yaml::plain_scalar(text) == Value(true));
        for (const std::string text : {"false", "False", "FALSE"})
            CHECK(yaml::plain_scalar(text) == Value(false));
        for (const std::string text : {"12", "+12", "012", "0o14", "0xC", "0xc"}) {
            CAPTURE(text);
            CHECK(yaml::plain_scalar(text) == Value(12));
        }
        CHECK(yaml::plain_scalar("-007") == Value(-7));
        CHECK(yaml::plain_scalar("9223372036854775807") == Value(std::int64_t{INT64_MAX}));
        for (const std::string text : {"no",         "yes",   "on",
                                       "off",        "nULL",  "tRUE",
                                       "0o8",        "0xG",   "0x",
                                       "0o",         "-0x1",  "0x-1",
                                       "1_000",      "1.2.3", "1e",
                                       "1e+",        "-",     "+",
                                       ".",          ".e1",   "1:30",
                                       "2026-01-01", "12a",   ".inf",
                                       "-.inf",      ".nan",  "0xFFFFFFFFFFFFFFFFF",
                                       "v1.2",       "a b",   "=",
                                       "..",         "+-1"}) {
            CAPTURE(text);
            CHECK(yaml::plain_scalar(text) == Value(text));
        }
    }

    TEST_CASE("plain_scalar: numbers keep their digits, in the form that JSON wants")
    {
        const std::pair<std::string, std::string> cases[] = {
            {"1.10", "1.10"},
            {"+1.5", "1.5"},
            {"-.5", "-0.5"},
            {"5.", "5.0"},
            {"007.50", "7.50"},
            {"1e3", "1e3"},
            {"1.e-3", "1.0e-3"},
            {"1e400", "1e400"},
            {"18446744073709551616", "18446744073709551616"},
            {"-00099999999999999999999", "-99999999999999999999"},
        };
        for (const auto& item : cases) {
            CAPTURE(item.first);
            const auto& [text, json_text] = item;
            const Value value = yaml::plain_scalar(text);
            REQUIRE(value.if_decimal() != nullptr);
            CHECK(value.if_decimal()->text == json_text);
            CHECK(*json::parse(json::write(value)) == value);
        }
    }

    TEST_CASE("parse: a quoted scalar is a string, whatever it looks like")
    {
        CHECK(read_one(R"(["12", 'true', "null", "", '~', "1.5"])") ==
              Value(List{"12", "true", "null", "", "~", "1.5"}));
        CHECK(read_one("a: |\n  12\nb: >\n  x\n  y\n") ==
              Value(Map{{"a", "12\n"}, {"b", "x y\n"}}));
    }

    TEST_CASE("parse: JSON is read too, with places")
    {
        const Value value = read_one("{\n\t\"kind\": \"Role\",\n\t\"n\": [1, 2.5, null],\n\t\"u\": "
                                     "\"a\\/\\u00e4\"\n}\n");

        CHECK(value == Value(Map{{"kind", "Role"},
                                 {"n", List{1, Decimal("2.5"), nullptr}},
                                 {"u", "a/\xC3\xA4"}}));
        CHECK(line_column(place_of(value, "n")) == "3:2");
    }

    TEST_CASE("parse: CRLF, a byte order mark and tabs after text change nothing")
    {
        const Value value = read_one("\xEF\xBB\xBF"
                                     "a: 1\r\n"
                                     "b:\r\n"
                                     "  - x\t# note\r\n"
                                     "c: |\r\n"
                                     "  l1\r\n"
                                     "  l2\r\n");

        CHECK(value == Value(Map{{"a", 1}, {"b", List{"x"}}, {"c", "l1\nl2\n"}}));
        CHECK(line_column(place_of(value, "a")) == "1:1");
        CHECK(line_column(place_of(value, "c")) == "4:1");
    }

    TEST_CASE("parse: what YAML allows and a manifest may not hold is refused where it stands")
    {
        const std::pair<std::string, std::string> cases[] = {
            {"a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n",
             "x.yaml:5:3: error: the key \"c\" is there twice; it is on line 3 already: keep one "
             "of them"},
            {"\"\": 1\n'': 2\n",
             "x.yaml:2:1: error: the key \"\" is there twice; it is on line 1 already: keep one of "
             "them"},
            {"a: &x 1\n",
             "x.yaml:1:4: error: an anchor (&name) is not allowed; write the value out where it is "
             "needed, or quote the text if it is meant as text"},
            {"base: {c: 1}\na:\n  <<: {b: 1}\n",
             "x.yaml:3:3: error: a merge key (<<) is not allowed; write the members out"},
            {"a: !!binary aGk=\n",
             "x.yaml:1:4: error: a tag (!name) is not allowed; quote the text if it is meant as "
             "text"},
            {"a: !mine {b: 1}\n",
             "x.yaml:1:4: error: a tag (!name) is not allowed; quote the text if it is meant as "
             "text"},
            {"labels:\n  8080: x\n",
             "x.yaml:2:3: error: a key must be a string; quote it: \"8080\""},
            {"labels:\n  true: x\n",
             "x.yaml:2:3: error: a key must be a string; quote it: \"true\""},
            {"~: x\n", "x.yaml:1:1: error: a key must be a string, not null; quote it"},
            {"a:\n  ? [1, 2]\n  : x\n",
             "x.yaml:2:5: error: a key must be a string, not a list; quote text that starts with a "
             "bracket or a brace"},
            {"a: {{b: 1}: 2}\n",
             "x.yaml:1:5: error: a key must be a string, not a map; quote text that starts with a "
             "bracket or a brace"},
        };
        for (const auto& item : cases) {
            CAPTURE(item.first);
            const auto& [text, fault] = item;
            CHECK(fault_of(text) == fault);
        }
    }

    TEST_CASE("parse: all faults are told at once, and only faulty documents are left out")
    {
        Diagnostics diagnostics;

        const auto documents =
            yaml::parse("a: 1\n---\nb: 1\nb: 2\nc: &x 1\n---\nd: 1\n---\n8: 1\n", "x", diagnostics);

        CHECK(diagnostics.error_count() == 3);
        REQUIRE(documents.size() == 2);
        CHECK(documents[0] == Value(Map{{"a", 1}}));
        CHECK(documents[1] == Value(Map{{"d", 1}}));
    }

    TEST_CASE("parse: text that is no YAML names its place and keeps the documents before it")
    {
        Diagnostics diagnostics;

        const auto documents =
            yaml::parse("a: 1\n---\nb: [1, 2\nc: 3\n---\nd: 1\n", "x.yaml", diagnostics);

        REQUIRE(documents.size() == 1);
        REQUIRE(diagnostics.error_count() == 1);
        const Diagnostic& fault = diagnostics.all().front();
        CHECK(fault.file == "x.yaml");
        CHECK(fault.place.line == 4);
        CHECK(fault.message.starts_with("not YAML: "));
    }

    TEST_CASE("parse: broken texts give a fault with a line, never a value")
    {
        for (const std::string text : {"a: b: c\n",
                                       "a: {b: 1\n",
                                       "a: \"never closed\n",
                                       "a: 'never closed\n",
                                       "a:\n\t- tab indents\n",
                                       "\ta: 1\n",
                                       "a: 1\n b: 2\n",

                                       "a: *cyclic\n",
                                       "a: \"\\q\"\n",
                                       "a: @x\n",
                                       "%YAML 9.9.9 x\n---\na: 1\n",
                                       "a: 1\n}\n"}) {
            CAPTURE(text);
            Diagnostics diagnostics;
            const auto documents = yaml::parse(text, "x", diagnostics);
            REQUIRE(diagnostics.error_count() == 1);
            CHECK(diagnostics.all().front().place.line > 0);
            CHECK(documents.empty());
        }
    }

    TEST_CASE("parse: quotes that are never closed are a cut file, not a shorter value")
    {
        Diagnostics diagnostics;

        const auto documents =
            yaml::parse("a: 'it''s' # \xC3\xA4\n---\nb: \"x\ny: 2\n", "x.yaml", diagnostics);

        CHECK(documents == std::vector<Value>{Map{{"a", "it's"}}});
        REQUIRE(diagnostics.error_count() == 1);
        CHECK(
            diagnostics.all().front().text() ==
            "x.yaml:3:4: error: not YAML: the quotes that open here are never closed; close them; "
            "is the file cut?");
        CHECK(faults_of("a: 'x''\n").size() == 1);
        CHECK(faults_of("a: \"x\\\"\n").size() == 1);
        CHECK(faults_of("a: \"x\\\"\" # \"\n").empty());
        CHECK(faults_of("a: |\n  \"x\n").empty());
        CHECK(faults_of("\xEF\xBB\xBF\xE2\x82\xAC: \"x\"\r\nb: 'y'\r\n").empty());
        CHECK(faults_of("\xE2\x82\xAC: \"x\"\r\nb: 'y\r\n").size() == 1);
    }

    TEST_CASE("parse: the text of a bad alias or escape is not repeated: it may be half a password")
    {
        CHECK(fault_of("secretKey: *hunter2\n").find("hunter2") == std::string::npos);
        CHECK(fault_of("secretKey: &hunter2\n").find("hunter2") == std::string::npos);
        CHECK(fault_of("secretKey: !hunter2 x\n").find("hunter2") == std::string::npos);
    }

    TEST_CASE("parse: bombs of aliases and cycles are refused at their anchors")
    {
        std::string bomb = "a0: &a0 [x, x]\n";
        for (int i = 1; i < 10; ++i)
            bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" +
                    std::to_string(i - 1) + ", *a" + std::to_string(i - 1) + "]\n";

        const auto faults = faults_of(bomb);

        CHECK(faults.size() == 10 + 18);
        CHECK(faults.front().starts_with("x.yaml:1:5: error: an anchor"));
        CHECK(faults_of("a: &a [x, *a]\n").size() == 2);
    }

    TEST_CASE("parse: depth is limited in every style of nesting")
    {
        const auto lists = [](std::size_t depth) {
            return std::string(depth, '[') + std::string(depth, ']');
        };
        CHECK(faults_of(lists(64)).empty());
        CHECK(fault_of(lists(65)) == "x.yaml:1:65: error: nested deeper than 64 levels");
        std::string block;
        for (int i = 0; i < 100; ++i)
            block += "- ";
        CHECK(fault_of(block + "x\n").find("nested deeper than 64 levels") != std::string::npos);
        for (const char open : {'[', '{'}) {
            const auto faults = faults_of(std::string(100'000, open));
            CHECK(faults.size() <= 2);
            CHECK(faults.back().ends_with("nested deeper than 64 levels"));
        }
    }

    TEST_CASE("parse: size and number of values are limited")
    {
        yaml::Limits limits;
        CHECK(
            fault_of(std::string(50U << 20U, 'x')) ==
            "x.yaml: error: the text has 52428800 bytes, more than 1048576; split it into several "
            "files");
        limits.nodes_max = 4;
        CHECK(faults_of("[1, 2, 3]", limits).empty());
        CHECK(fault_of("[1, 2, 3, 4]", limits) ==
              "x.yaml:1:11: error: the text holds more than 4 values; split it into several files");
    }

    TEST_CASE("parse: bytes that are not UTF-8 and control characters are refused with their place")
    {
        using namespace std::string_view_literals;
        CHECK(fault_of("a: 1\nb: \xFFx\n") ==
              "x.yaml:2:4: error: this is not UTF-8; save the file in UTF-8");
        CHECK(fault_of("a\0:\0 \0001\0"sv).starts_with("x.yaml:1:2: error: a control character"));
        CHECK(fault_of("a: \x1b[31m\n").starts_with("x.yaml:1:4: error: a control character"));
        CHECK(read_one("a: \"\\x1b\\0\"\n") == Value(Map{{"a", std::string("\x1b\0", 2)}}));
    }

    TEST_CASE("parse: a merge key in quotes is a key like any other")
    {
        CHECK(read_one("\"<<\": 1\n") == Value(Map{{"<<", 1}}));
    }

    TEST_CASE("write: what is written is read back the same")
    {
        const Value value(Map{
            {"text", List{"plain",    "12",    "true", "~",  "",    "no", " lead", "trail ", "a: b",
                          "- x",      "#c",    "a #b", "*a", "&a",  "!t", "%x",    "@x",     "`x",
                          "'q'",      "\"q\"", "<<",   "=",  "{",   "[",  "1.5",   "0x10",   "1e3",
                          "\xC3\xA4", "a\tb",  "\x1b", "?",  "---", "..."}},
            {"blocks",
             List{"one\ntwo\n",
                  "one\n\n  two\n",
                  "one\ntwo",
                  "one\n",
                  "\n",
                  " one\ntwo\n",
                  "one\n\n",
                  "one\r\ntwo\n",
                  "# a\n\tb\n",
                  "kind: X\nspec:\n  a: 1\n"}},
            {"numbers", List{0, -1, std::int64_t{INT64_MIN}, Decimal("1.50"), Decimal("1e400")}},
            {"others", List{true, false, nullptr, List{}, Map{}, List{List{}, List{1}}}},
            {"12",
             Map{{"true", 1}, {"a\nb", Map{{"~", List{Map{{"x", 1}, {"y", Map{{"z", 2}}}}}}}}}},
        });

        CHECK(json::write(read_one(yaml::write(value))) == json::write(value));
        CHECK(read_one(yaml::write(value)) == value);
    }

    TEST_CASE("write: a text alone is read back the same, also where a document could end")
    {
        for (const char* text :
             {"...", "---", "--- a", "... a", "....", "a", "%YAML 1.2", "- a", ":-\r", "\ta"})
            CHECK(read_one(yaml::write(text)) == Value(text));
    }

    TEST_CASE("write: block style that people write themselves")
    {
        const Value value(Map{{"kind", "Role"},
                              {"metadata", Map{{"name", "dev"}, {"labels", Map{}}}},
                              {"spec",
                               Map{{"values", "a: 1\nb: 2\n"},
                                   {"values2", "a: 1\nb: 2\n"},
                                   {"list", List{"x", "12"}}}}});

        CHECK(yaml::write(value) == "kind: Role\n"
                                    "metadata:\n"
                                    "  labels: {}\n"
                                    "  name: dev\n"
                                    "spec:\n"
                                    "  list:\n"
                                    "    - x\n"
                                    "    - \"12\"\n"
                                    "  values: |\n"
                                    "    a: 1\n"
                                    "    b: 2\n"
                                    "  values2: |\n"
                                    "    a: 1\n"
                                    "    b: 2\n");
    }

    TEST_CASE("write: secrets stay hidden, references come out as they are written in manifests")
    {
        auto lookup = std::make_shared<Lookup>();
        lookup->kind = "Pack";
        lookup->criteria = Map{{"name", "k8s"}};
        const Value value(Map{{"a", Secret("hunter2", "", "literal")},
                              {"b", Unknown{"Role/tenant/x", "status.y", nullptr}},
                              {"c", Unknown{"", "", lookup}}});

        CHECK(yaml::write(value) == "a: \"(sensitive)\"\n"
                                    "b: {$ref: Role/tenant/x, field: status.y}\n"
                                    "c: {$lookup: Pack, name: k8s}\n");
    }
}
