// Rules about the text itself: lengths, spaces, opening comments, kind names, sleeping.

#include "tests/tidy/source_tree.hpp"

#include <doctest/doctest.h>

#include <set>

namespace trueup::tidy {

namespace {

constexpr std::size_t lines_max = 600;

Findings check_lengths(const Files& files)
{
    Findings findings;
    for (const SourceFile& file : files) {
        const std::size_t lines = lines_of(file.text).size();
        if (is_cpp(file) && lines > lines_max)
            findings.push_back(finding(file,
                                       lines,
                                       "longer than " + std::to_string(lines_max) +
                                           " lines: is it still one thing with one purpose?"));
    }
    return findings;
}

Findings check_spaces(const Files& files)
{
    Findings findings;
    for (const SourceFile& file : files) {
        std::size_t number = 0;
        for (const std::string& line : lines_of(file.text)) {
            ++number;
            if (line.find('\t') != std::string::npos)
                findings.push_back(finding(file, number, "a tab"));
            if (line.ends_with(' ') || line.ends_with('\r'))
                findings.push_back(finding(file, number, "space at the end of the line"));
        }
        if (!file.text.empty() && !file.text.ends_with('\n'))
            findings.push_back(finding(file, number, "no line end at the end of the file"));
    }
    return findings;
}

Findings check_openings(const Files& files)
{
    Findings findings;
    for (const SourceFile& file : files)
        if (file.path.ends_with(".hpp") && !file.text.starts_with("// "))
            findings.push_back(finding(file, 1, "a header opens with what it is for"));
    return findings;
}

// Put together here, so that this file does not hold what it looks for.
const std::vector<std::string>& sleeping_calls()
{
    static const std::vector<std::string> calls{std::string("sleep_") + "for",
                                                std::string("sleep_") + "until",
                                                std::string("usleep") + "(",
                                                std::string("nanosleep") + "(",
                                                std::string("::sleep") + "("};
    return calls;
}

Findings check_sleeps(const Files& files)
{
    Findings findings;
    for (const SourceFile& file : files) {
        if (!is_cpp(file) || !file.path.starts_with("tests/"))
            continue;
        std::size_t number = 0;
        for (const std::string& line : lines_of(code_of(file.text))) {
            ++number;
            for (const std::string& call : sleeping_calls())
                if (line.find(call) != std::string::npos)
                    findings.push_back(finding(file, number, "a test that sleeps"));
        }
    }
    return findings;
}

// The kinds of the shipped catalogue.
std::set<std::string> kind_names(const Files& files)
{
    std::set<std::string> names;
    for (const SourceFile& file : files)
        if (file.path.starts_with("api/kinds/palette/") && file.path.ends_with(".yaml"))
            for (const std::string& line : lines_of(file.text))
                if (line.starts_with("kind: "))
                    names.insert(line.substr(6, line.find_first_of(" #", 6) - 6));
    return names;
}

Findings check_kind_names(const Files& files, const std::set<std::string>& names)
{
    Findings findings;
    for (const SourceFile& file : files) {
        if (!is_product(file))
            continue;
        std::size_t number = 0;
        for (const std::string& line : lines_of(file.text)) {
            ++number;
            const std::string_view code = std::string_view(line).substr(0, line.find("// "));
            for (const std::string& name : names)
                if (code.find("\"" + name + "\"") != std::string_view::npos)
                    findings.push_back(
                        finding(file, number, "the kind " + name + ": kinds are data"));
        }
    }
    return findings;
}

TEST_SUITE("tidy: text")
{
    TEST_CASE("no file is too long to be read in one go")
    {
        report(check_lengths(project()));
    }

    TEST_CASE("a file that is too long is found")
    {
        std::string text;
        for (std::size_t i = 0; i < lines_max; ++i)
            text += "x;\n";
        CHECK(check_lengths({{"state/model/a.cpp", text}}).empty());
        CHECK(check_lengths({{"state/model/a.cpp", text + "x;\n"}}).size() == 1);
        CHECK(check_lengths({{"api/kinds/palette/a.yaml", text + "x;\n"}}).empty());
    }

    TEST_CASE("there are no tabs and no spaces at line ends")
    {
        report(check_spaces(project()));
    }

    TEST_CASE("tabs and spaces at line ends are found")
    {
        CHECK(check_spaces({{"a.md", "one\n\ttwo\n"}}) == Findings{"a.md:2: a tab"});
        CHECK(check_spaces({{"a.md", "one \n"}}) ==
              Findings{"a.md:1: space at the end of the line"});
        CHECK(check_spaces({{"a.md", "one\r\n"}}).size() == 1);
        CHECK(check_spaces({{"a.md", "one"}}).size() == 1);
        CHECK(check_spaces({{"a.md", "one\n\ntwo\n"}}).empty());
    }

    TEST_CASE("every header opens with what it is for")
    {
        report(check_openings(project()));
    }

    TEST_CASE("a header without an opening is found")
    {
        CHECK(check_openings({{"state/model/a.hpp", "#pragma once\n"}}).size() == 1);
        CHECK(check_openings({{"state/model/a.hpp", "// A thing.\n\n#pragma once\n"}}).empty());
    }

    TEST_CASE("no test sleeps")
    {
        report(check_sleeps(project()));
    }

    TEST_CASE("a test that sleeps is found, whatever it calls for that")
    {
        for (const std::string& call : sleeping_calls()) {
            const std::string line = "std" + call + "1);\n";
            CHECK(check_sleeps({{"tests/unit/a_test.cpp", "x;\n" + line}}) ==
                  Findings{"tests/unit/a_test.cpp:2: a test that sleeps"});
            CHECK(check_sleeps({{"tests/unit/a_test.cpp", "// never " + line}}).empty());
        }
        CHECK(check_sleeps({{"tests/unit/a_test.cpp", "co_return clock.sleep(1s);\n"}}).empty());
    }

    TEST_CASE("no C++ of the product names a kind of the catalogue")
    {
        const std::set<std::string> names = kind_names(project());
        CHECK(names.size() > 10);
        report(check_kind_names(project(), names));
    }

    TEST_CASE("a kind that is named in C++ is found")
    {
        const std::set<std::string> names =
            kind_names({{"api/kinds/palette/x.yaml", "# About.\nkind: Team # a comment\n"}});
        CHECK(names == std::set<std::string>{"Team"});
        const auto bad = [&](const std::string& path, const std::string& line) {
            return check_kind_names({{path, line + "\n"}}, names).size();
        };
        CHECK(bad("reconciler/plan/a.cpp", "if (kind == \"Team\")") == 1);
        CHECK(bad("api/rest/a.cpp", "// such as \"Team\"") == 0);
        CHECK(bad("api/rest/a.cpp", "print(\"Teams\");") == 0);
        CHECK(bad("tests/unit/a_test.cpp", "\"Team\"") == 0);
    }
}

} // namespace

} // namespace trueup::tidy
