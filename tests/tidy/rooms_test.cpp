// Which room may include which, as docs/architecture.md has it.

#include "tests/tidy/source_tree.hpp"

#include <doctest/doctest.h>

#include <map>
#include <set>

namespace trueup::tidy {

namespace {

struct Room {
    std::string_view path;
    std::vector<std::string_view> may_include; // rooms, or single headers
};

const std::vector<Room>& rooms()
{
    static const std::vector<Room> all{
        {"state/model", {}},
        {"state/store", {"state/model"}},
        {"manifests", {"state/model", "state/store"}},
        {"api/http", {"state/model", "state/store"}},
        {"api/kinds", {"state/model", "state/store"}},
        {"api/rest", {"state/model", "state/store", "api/http", "api/kinds"}},
        // Shares no decoding, alias or identity with the client.
        {"api/sandbox", {"state/model", "state/store", "api/http"}},
        // Pure: it sees what the API offers, never how it is spoken to.
        {"reconciler/plan",
         {"state/model",
          "state/store",
          "manifests",
          "api/rest/provider.hpp",
          "api/rest/withheld.hpp"}},
        {"reconciler/engine",
         {"state/model", "state/store", "manifests", "api/rest", "api/kinds", "reconciler/plan"}},
        {"reconciler/daemon",
         {"state/model",
          "state/store",
          "manifests",
          "api/http",
          "api/kinds",
          "api/rest",
          "reconciler/plan",
          "reconciler/engine"}},
        {"reconciler/cli",
         {"state/model",
          "state/store",
          "manifests",
          "api/http",
          "api/kinds",
          "api/rest",
          "api/sandbox",
          "reconciler/plan",
          "reconciler/engine",
          "reconciler/daemon"}},
    };
    return all;
}

// The room that a path lies in, or null.
const Room* room_of(std::string_view path)
{
    for (const Room& room : rooms())
        if (path.starts_with(room.path) && path.substr(room.path.size()).starts_with('/'))
            return &room;
    return nullptr;
}

struct Include {
    std::size_t line = 0;
    std::string target;
    bool ours = false; // written with quotes
};

std::vector<Include> includes_of(const SourceFile& file)
{
    std::vector<Include> found;
    std::size_t number = 0;
    for (const std::string& line : lines_of(file.text)) {
        ++number;
        if (!line.starts_with("#include "))
            continue;
        const char open = line[9];
        const std::size_t close = line.find(open == '"' ? '"' : '>', 10);
        if (close != std::string::npos)
            found.push_back({number, line.substr(10, close - 10), open == '"'});
    }
    return found;
}

Findings check_rooms(const Files& files)
{
    Findings findings;
    for (const SourceFile& file : files) {
        if (!is_product(file))
            continue;
        const Room* from = room_of(file.path);
        if (from == nullptr) {
            findings.push_back(finding(file, 1, "lies in no room"));
            continue;
        }
        for (const Include& include : includes_of(file)) {
            if (!include.ours)
                continue;
            const Room* to = room_of(include.target);
            const bool allowed =
                to == from || (to != nullptr && std::any_of(from->may_include.begin(),
                                                            from->may_include.end(),
                                                            [&](std::string_view it) {
                                                                return it == to->path ||
                                                                       it == include.target;
                                                            }));
            if (!allowed)
                findings.push_back(
                    finding(file,
                            include.line,
                            std::string(from->path) + " may not include " + include.target));
        }
    }
    return findings;
}

// The folders that include each other, directly or around a corner, whatever the table above
// allows.
Findings check_circles(const Files& files)
{
    std::map<std::string, std::set<std::string>> edges;
    for (const SourceFile& file : files)
        if (is_product(file))
            for (const Include& include : includes_of(file))
                if (include.ours && directory_of(include.target) != directory_of(file.path))
                    edges[directory_of(file.path)].insert(directory_of(include.target));
    // What can be reached from each folder; one that reaches itself is in a circle.
    for (std::size_t round = 0; round < edges.size(); ++round)
        for (auto& [from, targets] : edges)
            for (const std::string& target : std::set<std::string>(targets))
                if (const auto next = edges.find(target); next != edges.end())
                    targets.insert(next->second.begin(), next->second.end());
    Findings findings;
    for (const auto& [from, targets] : edges)
        if (targets.contains(from))
            findings.push_back(from + " includes itself around a corner");
    return findings;
}

struct Library {
    std::string_view header;
    std::vector<std::string_view> homes;
    bool only_in_units = false; // never in a header
};

Findings check_libraries(const Files& files)
{
    static const std::vector<Library> libraries{
        {"boost/beast", {"api/http/"}, true},
        {"boost/asio/ssl", {"api/http/"}, true},
        {"boost/process", {"reconciler/daemon/"}, true},
        {"openssl/ssl", {"api/http/"}, true},
        {"rapidjson/", {"state/model/"}},
        {"yaml-cpp/", {"state/model/"}},
        {"sqlite3", {"state/store/"}},
        {"SQLiteCpp/", {"state/store/"}},
        {"spdlog/", {"reconciler/cli/", "reconciler/daemon/"}},
        {"CLI/", {"reconciler/cli/"}},
        {"prometheus/", {"reconciler/daemon/"}, true},
        {"git2", {"manifests/"}},
        {"date/", {"reconciler/daemon/"}},
        {"systemd/", {"reconciler/daemon/"}},
    };
    Findings findings;
    for (const SourceFile& file : files) {
        if (!is_product(file))
            continue;
        for (const Include& include : includes_of(file))
            for (const Library& library : libraries) {
                if (include.ours || !include.target.starts_with(library.header))
                    continue;
                const bool home =
                    std::any_of(library.homes.begin(),
                                library.homes.end(),
                                [&](std::string_view it) { return file.path.starts_with(it); });
                if (!home || (library.only_in_units && file.path.ends_with(".hpp")))
                    findings.push_back(
                        finding(file, include.line, "<" + include.target + "> belongs elsewhere"));
            }
    }
    return findings;
}

TEST_SUITE("tidy: rooms")
{
    TEST_CASE("every include follows the arrows between the rooms")
    {
        report(check_rooms(project()));
    }

    TEST_CASE("an include against the arrows is found, wherever it stands")
    {
        const auto bad = [](const std::string& path, const std::string& target) {
            const Files files{{path, "// A file.\n#include \"" + target + "\"\n"}};
            return check_rooms(files);
        };

        CHECK(bad("state/model/a.hpp", "state/store/store.hpp") ==
              Findings{"state/model/a.hpp:2: state/model may not include state/store/store.hpp"});
        CHECK(bad("manifests/a.cpp", "api/kinds/catalogue.hpp").size() == 1);
        CHECK(bad("api/http/a.cpp", "api/rest/rest.hpp").size() == 1);
        CHECK(bad("api/sandbox/a.cpp", "api/kinds/catalogue.hpp").size() == 1);
        CHECK(bad("api/sandbox/a.cpp", "api/rest/codec.hpp").size() == 1);
        CHECK(bad("reconciler/plan/a.cpp", "api/rest/rest.hpp").size() == 1);
        CHECK(bad("reconciler/plan/a.cpp", "reconciler/engine/engine.hpp").size() == 1);
        CHECK(bad("reconciler/engine/a.cpp", "reconciler/cli/console.hpp").size() == 1);
        CHECK(bad("state/store/a.cpp", "tests/support/temp_dir.hpp").size() == 1);
        CHECK(bad("api/other/a.cpp", "state/model/value.hpp") ==
              Findings{"api/other/a.cpp:1: lies in no room"});

        CHECK(bad("state/store/a.cpp", "state/model/value.hpp").empty());
        CHECK(bad("reconciler/plan/a.cpp", "api/rest/provider.hpp").empty());
        CHECK(bad("reconciler/cli/a.cpp", "api/sandbox/sandbox.hpp").empty());
        CHECK(bad("tests/unit/a.cpp", "api/http/client.hpp").empty());
    }

    TEST_CASE("no folder includes itself around a corner")
    {
        report(check_circles(project()));
    }

    TEST_CASE("a circle of three folders is found")
    {
        const Files files{{"api/a/x.hpp", "#include \"api/b/x.hpp\"\n"},
                          {"api/b/x.hpp", "#include \"api/c/x.hpp\"\n"},
                          {"api/c/x.hpp", "#include \"api/a/y.hpp\"\n"},
                          {"api/d/x.hpp", "#include \"api/a/x.hpp\"\n"}};
        CHECK(check_circles(files).size() == 3);
        CHECK(check_circles({files[0], files[1], files[3]}).empty());
    }

    TEST_CASE("each library is used in its home alone")
    {
        report(check_libraries(project()));
    }

    TEST_CASE("a library outside its home is found")
    {
        const auto bad = [](const std::string& path, const std::string& header) {
            const Files files{{path, "#include <" + header + ">\n"}};
            return check_libraries(files).size();
        };

        CHECK(bad("api/http/a.hpp", "boost/beast/http.hpp") == 1);
        CHECK(bad("api/rest/a.cpp", "boost/beast/http.hpp") == 1);
        CHECK(bad("api/sandbox/a.cpp", "boost/asio/ssl/stream.hpp") == 1);
        CHECK(bad("manifests/a.cpp", "yaml-cpp/yaml.h") == 1);
        CHECK(bad("api/rest/a.cpp", "rapidjson/document.h") == 1);
        CHECK(bad("reconciler/engine/a.cpp", "sqlite3.h") == 1);
        CHECK(bad("state/model/a.cpp", "SQLiteCpp/SQLiteCpp.h") == 1);
        CHECK(bad("reconciler/engine/a.cpp", "spdlog/spdlog.h") == 1);
        CHECK(bad("reconciler/engine/a.cpp", "CLI/CLI.hpp") == 1);

        CHECK(bad("api/http/a.cpp", "boost/beast/http.hpp") == 0);
        CHECK(bad("api/rest/a.cpp", "boost/asio/post.hpp") == 0);
        CHECK(bad("state/model/a.cpp", "openssl/evp.h") == 0);
        CHECK(bad("tests/unit/a.cpp", "sqlite3.h") == 0);
    }
}

} // namespace

} // namespace trueup::tidy
