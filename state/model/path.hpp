// A path to a field: "metadata.labels", "spec.packs[2].name", "metadata.annotations[\"a.b/c\"]".

#pragma once

#include "state/model/result.hpp"
#include "state/model/value.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace trueup {

// The names on the way from the root to a field. List elements are not addressed by a Path: what
// walks into lists appends "[key=value]" or "[index]" to the text itself.
class Path {
public:
    Path() = default; // the root
    explicit Path(std::vector<std::string> names) : names_(std::move(names)) {}

    // Splits at dots; a name with a dot is written ["a.b"]. "" and "$" are the root.
    // Fails with invalid_input on an empty name or an unclosed bracket.
    static Result<Path> parse(std::string_view text);

    bool is_root() const { return names_.empty(); }
    const std::vector<std::string>& names() const { return names_; }
    Path child(std::string name) const;
    // True when this path is `other` or lies below it.
    bool within(const Path& other) const;
    std::string text() const;

    bool operator==(const Path&) const = default;
    auto operator<=>(const Path&) const = default;

private:
    std::vector<std::string> names_;
};

// `name` as the next step of a path text: ".name", or ["na.me"] where it needs quoting.
std::string step_text(std::string_view name);

// The value at `path` inside `root`, or null.
const Value* find(const Value& root, const Path& path);
Value* find(Value& root, const Path& path);

// Puts `value` at `path`, making maps on the way (a scalar on the way is replaced).
void put(Value& root, const Path& path, Value value);

// Removes the entry at `path`; false when there was none.
bool erase(Value& root, const Path& path);

} // namespace trueup
