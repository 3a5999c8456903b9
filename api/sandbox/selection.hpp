// Which objects a list call asks for, and in which order: `filters`, `orderBy`, parameters that
// select by equality, and the bodies of dashboard searches (kinds.md a.2; Swagger v1FilterString,
// v1FilterArray, v1FilterVersionString).

#pragma once

#include "api/sandbox/engine.hpp"

#include <functional>
#include <string>
#include <vector>

namespace trueup::sandbox {

class Selection {
public:
    using Test = std::function<bool(const Object&)>;

    // The objects that an index offers; nothing when only a scan will do.
    std::optional<Shelf::Row> candidates(const Shelf& shelf) const;
    bool takes_all() const { return tests_.empty(); }
    bool takes(const Object& object) const;
    // Leaves the page order as it is unless an order was asked for.
    void sort(Shelf::Row& row) const;
    // What was asked, for page tokens.
    const std::string& text() const { return text_; }

    void require(Test test) { tests_.push_back(std::move(test)); }
    // The text at `path` must be `text`, but for case: an index may find it.
    void expect_text(Path path, std::string text);
    void order_by(Path path, bool descending);
    void describe(const std::string& part) { text_ += part + ";"; }

private:
    struct Key {
        Path path;
        bool descending = false;
    };

    std::vector<Test> tests_;
    std::vector<Key> keys_;
    std::optional<std::pair<Path, std::string>> exact_;
    std::string text_;
};

// Reads what the call asks for. Refuses what cannot be read. `world` must outlive the selection.
Expected<Selection> read_selection(const Call& call, World& world);

} // namespace trueup::sandbox
