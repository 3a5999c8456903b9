// The rules of gitignore(5), on ways that a tree of manifests has.

#include "manifests/ignore.hpp"

#include <doctest/doctest.h>

using trueup::manifests::IgnoreRules;

namespace {

bool leaves_out(std::string_view rules, std::string_view way, bool is_directory = false)
{
    return IgnoreRules(rules).leaves_out(way, is_directory);
}

} // namespace

TEST_SUITE("manifests: ignore")
{
    TEST_CASE("a name without a slash may stand anywhere")
    {
        CHECK(leaves_out("*.draft.yaml", "a.draft.yaml"));
        CHECK(leaves_out("*.draft.yaml", "deep/er/a.draft.yaml"));
        CHECK_FALSE(leaves_out("*.draft.yaml", "a.yaml"));
        CHECK_FALSE(leaves_out("draft", "drafts"));
    }

    TEST_CASE("with a slash it is a way from the top, and * stays inside one directory")
    {
        CHECK(leaves_out("/old/*.yaml", "old/a.yaml"));
        CHECK(leaves_out("old/*.yaml", "old/a.yaml"));
        CHECK_FALSE(leaves_out("old/*.yaml", "new/old/a.yaml"));
        CHECK_FALSE(leaves_out("old/*.yaml", "old/er/a.yaml"));
        CHECK(leaves_out("/a.yaml", "a.yaml"));
        CHECK_FALSE(leaves_out("/a.yaml", "sub/a.yaml"));
    }

    TEST_CASE("** stands for any number of directories")
    {
        CHECK(leaves_out("**/old", "old"));
        CHECK(leaves_out("**/old", "a/b/old"));
        CHECK(leaves_out("**/old/a.yaml", "x/y/old/a.yaml"));
        CHECK(leaves_out("a/**/z.yaml", "a/z.yaml"));
        CHECK(leaves_out("a/**/z.yaml", "a/b/c/z.yaml"));
        CHECK_FALSE(leaves_out("a/**/z.yaml", "b/a/z.yaml"));
        CHECK(leaves_out("old/**", "old/a.yaml"));
        CHECK(leaves_out("old/**", "old/b/a.yaml"));
        CHECK_FALSE(leaves_out("old/**", "old", true));
        CHECK(leaves_out("a/**/b/**/c", "a/x/b/y/z/c"));
        CHECK_FALSE(leaves_out("a/**/b/**/c", "a/x/y/c"));
    }

    TEST_CASE("a slash at the end means directories only")
    {
        CHECK(leaves_out("old/", "old", true));
        CHECK(leaves_out("old/", "a/old", true));
        CHECK_FALSE(leaves_out("old/", "old", false));
    }

    TEST_CASE("! takes back what an earlier line left out, and the last line that fits wins")
    {
        constexpr auto rules = "*.yaml\n!keep.yaml\n";
        CHECK(leaves_out(rules, "a.yaml"));
        CHECK_FALSE(leaves_out(rules, "keep.yaml"));
        CHECK_FALSE(leaves_out(rules, "sub/keep.yaml"));
        CHECK(leaves_out("!keep.yaml\n*.yaml\n", "keep.yaml"));
        CHECK(leaves_out("*.yaml\n!keep.yaml\n/old/keep.yaml\n", "old/keep.yaml"));
        CHECK_FALSE(leaves_out("/*\n!/prod/\n", "prod", true));
        CHECK(leaves_out("/*\n!/prod/\n", "test", true));
    }

    TEST_CASE("comments, empty lines, line ends of other systems, and escapes")
    {
        CHECK_FALSE(leaves_out("# a.yaml\n\n   \n", "a.yaml"));
        CHECK(leaves_out("a.yaml  \r\nb.yaml\r\n", "a.yaml"));
        CHECK(leaves_out("\\#a.yaml", "#a.yaml"));
        CHECK(leaves_out("\\!a.yaml", "!a.yaml"));
        CHECK(leaves_out("a\\ ", "a "));
        CHECK(leaves_out("a.yaml", "a.yaml"));
        CHECK(leaves_out("[ab].yaml\na?.yaml", "ax.yaml"));
        CHECK_FALSE(leaves_out("/\n!\n!/\n", "a.yaml"));
    }

    TEST_CASE("a pattern of many ** takes no longer than its length times the way's")
    {
        std::string rule = "a";
        std::string way = "a";
        for (int i = 0; i < 60; ++i) {
            rule += "/**/a";
            way += "/a";
        }

        CHECK_FALSE(leaves_out(rule + "/b", way + "/c"));
        CHECK(leaves_out(rule, way));
    }
}
