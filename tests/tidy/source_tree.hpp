// The text of the project as the tidy tests look at it: which files there are, and what a rule has
// to say of them.
//
// A rule is a function from files to findings, so that each can be shown a bad sample beside the
// real tree.

#pragma once

#include "tests/support/places.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace trueup::tidy {

struct SourceFile {
    SourceFile(std::string p, std::string t) : path(std::move(p)), text(std::move(t)) {}

    std::string path; // relative to the top: "state/model/value.hpp"
    std::string text;
};

using Files = std::vector<SourceFile>;
// "path:line: what is wrong"
using Findings = std::vector<std::string>;

inline bool has_ending(const SourceFile& file, std::initializer_list<std::string_view> endings)
{
    return std::any_of(endings.begin(), endings.end(), [&](std::string_view ending) {
        return file.path.ends_with(ending);
    });
}

inline bool is_cpp(const SourceFile& file)
{
    return has_ending(file, {".cpp", ".hpp"});
}

// What ships, as opposed to what tests it.
inline bool is_product(const SourceFile& file)
{
    static constexpr std::string_view tops[] = {"state/", "manifests/", "api/", "reconciler/"};
    return is_cpp(file) && std::any_of(std::begin(tops), std::end(tops), [&](std::string_view top) {
               return file.path.starts_with(top);
           });
}

inline std::string directory_of(std::string_view path)
{
    const std::size_t slash = path.rfind('/');
    return slash == std::string_view::npos ? std::string() : std::string(path.substr(0, slash));
}

inline std::size_t line_at(std::string_view text, std::size_t offset)
{
    return 1 + static_cast<std::size_t>(std::count(
                   text.begin(), text.begin() + static_cast<std::ptrdiff_t>(offset), '\n'));
}

inline std::string finding(const SourceFile& file, std::size_t line, std::string_view what)
{
    return file.path + ":" + std::to_string(line) + ": " + std::string(what);
}

inline std::vector<std::string> lines_of(const std::string& text)
{
    std::vector<std::string> lines;
    std::size_t start = 0;
    while (start < text.size()) {
        const std::size_t end = std::min(text.find('\n', start), text.size());
        lines.push_back(text.substr(start, end - start));
        start = end + 1;
    }
    return lines;
}

// Every text file of the project, sorted by path; build trees, version control and what fuzzing
// starts from are left out.
inline Files read_tree(const std::filesystem::path& top)
{
    Files files;
    auto it = std::filesystem::recursive_directory_iterator(top);
    for (; it != std::filesystem::recursive_directory_iterator(); ++it) {
        const std::string name = it->path().filename().string();
        if (it->is_directory() &&
            (name == "build" || name == ".git" || name == ".trueup" || name == "corpus")) {
            it.disable_recursion_pending();
            continue;
        }
        if (!it->is_regular_file())
            continue;
        std::ifstream in(it->path(), std::ios::binary);
        std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
        if (text.find('\0') == std::string::npos)
            files.emplace_back(it->path().lexically_relative(top).string(), std::move(text));
    }
    std::sort(files.begin(), files.end(), [](const SourceFile& a, const SourceFile& b) {
        return a.path < b.path;
    });
    return files;
}

// The project itself, read once.
inline const Files& project()
{
    static const Files files = read_tree(trueup::test::source_dir());
    return files;
}

// The text with comments and the contents of literals blanked out; offsets and lines stay.
inline std::string code_of(const std::string& text)
{
    std::string code = text;
    const auto blank = [&](std::size_t from, std::size_t to) {
        for (std::size_t i = from; i < std::min(to, code.size()); ++i)
            if (code[i] != '\n')
                code[i] = ' ';
    };
    std::size_t i = 0;
    while (i < text.size()) {
        const std::string_view rest = std::string_view(text).substr(i);
        std::size_t end = i + 1;
        if (rest.starts_with("//")) {
            end = std::min(text.find('\n', i), text.size());
            blank(i, end);
        } else if (rest.starts_with("/*")) {
            end = std::min(text.find("*/", i + 2), text.size() - 2) + 2;
            blank(i, end);
        } else if (rest.starts_with("R\"")) {
            const std::size_t open = text.find('(', i);
            const std::string close = ")" + text.substr(i + 2, open - i - 2) + "\"";
            end = std::min(text.find(close, open), text.size() - close.size()) + close.size();
            blank(i + 2, end - 1);
        } else if (rest.front() == '"' ||
                   (rest.front() == '\'' &&
                    (i == 0 || std::isalnum(static_cast<unsigned char>(text[i - 1])) == 0))) {
            while (end < text.size() && text[end] != rest.front() && text[end] != '\n')
                end += text[end] == '\\' ? 2U : 1U;
            blank(i + 1, end);
            ++end;
        }
        i = end;
    }
    return code;
}

// Fails the test with each finding.
inline void report(const Findings& findings)
{
    for (const std::string& line : findings)
        FAIL_CHECK(line);
}

} // namespace trueup::tidy
