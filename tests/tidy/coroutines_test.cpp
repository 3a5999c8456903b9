// What GCC 12 miscompiles beside co_await, found by reading the text.

#include "tests/tidy/source_tree.hpp"

#include <doctest/doctest.h>

#include <cctype>
#include <optional>

namespace trueup::tidy {

namespace {

char previous_visible(std::string_view code, std::size_t at, std::size_t from)
{
    while (at > from && std::isspace(static_cast<unsigned char>(code[at - 1])) != 0)
        --at;
    return at > from ? code[at - 1] : '\0';
}

bool ends_with_word(std::string_view code, std::string_view word)
{
    while (!code.empty() && std::isspace(static_cast<unsigned char>(code.back())) != 0)
        code.remove_suffix(1);
    return code.ends_with(word);
}

// What is wrong in the statement that starts at `start`, if anything. A statement ends at its
// semicolon, or where the block of an if, while or for begins.
std::optional<std::string_view> fault_of_statement(std::string_view code, std::size_t start)
{
    int depth = 0;
    for (std::size_t i = start; i < code.size(); ++i) {
        const char c = code[i];
        const char before = previous_visible(code, i, start);
        if (c == '(')
            ++depth;
        if (c == ')')
            --depth;
        if (c == ';' && depth <= 0)
            return std::nullopt;
        if (c == '?')
            return "?: beside co_await";
        if (c == '[' && code.substr(i, 2) == "[[") {
            i = code.find("]]", i);
            continue;
        }
        if (c == '[' &&
            (before == '\0' || std::string_view("(,=&|!").find(before) != std::string_view::npos) &&
            !ends_with_word(code.substr(start, i - start), "auto&"))
            return "a lambda beside co_await";
        if (c == '{') {
            if (depth == 0 &&
                (before == ')' || ends_with_word(code.substr(start, i - start), "else")))
                return std::nullopt;
            return "a braced temporary beside co_await";
        }
    }
    return std::nullopt;
}

Findings check_coroutines(const Files& files)
{
    static constexpr std::string_view keyword = "co_await";
    Findings findings;
    for (const SourceFile& file : files) {
        if (!is_cpp(file))
            continue;
        const std::string code = code_of(file.text);
        std::size_t at = code.find(keyword);
        while (at != std::string::npos) {
            const std::size_t boundary = code.find_last_of(";{}", at);
            const std::size_t start = boundary == std::string::npos ? 0 : boundary + 1;
            if (const auto fault = fault_of_statement(code, start))
                findings.push_back(finding(file, line_at(code, at), *fault));
            at = code.find(keyword, at + keyword.size());
        }
    }
    return findings;
}

TEST_SUITE("tidy: coroutines")
{
    TEST_CASE("nothing that GCC 12 miscompiles stands beside co_await")
    {
        report(check_coroutines(project()));
    }

    TEST_CASE("what GCC 12 miscompiles is found")
    {
        const std::string await = "co_"
                                  "await ";
        const auto faults = [&](const std::string& statement) {
            std::string text = "Task<void> f()\n{\n    x;\n    " + statement + "\n}\n";
            for (std::size_t at = text.find("AWAIT "); at != std::string::npos;
                 at = text.find("AWAIT "))
                text.replace(at, 6, await);
            const Files files{{"api/rest/a.cpp", text}};
            return check_coroutines(files).size();
        };

        CHECK(faults("auto r = AWAIT send(Request{1, 2});") == 1);
        CHECK(faults("auto r = AWAIT send({.a = 1});") == 1);
        CHECK(faults("AWAIT Client{x}.get();") == 1);
        CHECK(faults("AWAIT run([big]() { return big; });") == 1);
        CHECK(faults("AWAIT run(1, [&] { return 1; });") == 1);
        CHECK(faults("auto r = c ? AWAIT a() : AWAIT b();") == 2);
        CHECK(faults("AWAIT f(c ? a : b);") == 1);
        CHECK(faults("if (auto r = AWAIT f(std::vector<int>{1}); !r)\n        return;") == 1);
        CHECK(faults("spawn(AWAIT this_executor(), [big]() {});") == 1);

        CHECK(faults("auto r = AWAIT send(std::move(request));") == 0);
        CHECK(faults("if (auto r = AWAIT f(a[0], b); !r) {\n        g({1, 2});\n    }") == 0);
        CHECK(faults("while (auto page = AWAIT next()) {\n    }") == 0);
        CHECK(faults("auto [ec, n] = AWAIT read(buffer);") == 0);
        CHECK(faults("const auto& [ec, n] = AWAIT read(buffer);") == 0);
        CHECK(faults("[[maybe_unused]] auto r = AWAIT f();") == 0);
        CHECK(faults("auto job = [&]() -> Task<void> { AWAIT f(); };") == 0);
        CHECK(faults("g(c ? a : b); AWAIT f(\"{?}\"); h({1});") == 0);
        CHECK(faults("// AWAIT f({1}) is what this is not") == 0);
    }
}

} // namespace

} // namespace trueup::tidy
