// The paths of a Diff: "spec.packs[name=k8s].values", "metadata.labels[\"a.b\"]", "spec.hosts[2]".
//
// Pure. Unlike a Path (state/model/path.hpp) they lead into lists: to the element whose member has
// a value, or to the element at a place.

#pragma once

#include "state/model/path.hpp"
#include "state/model/result.hpp"
#include "state/model/value.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trueup::rest {

// A step into a list.
struct ElementStep {
    ElementStep() = default;

    std::string key; // the member that identifies the element; "" : by its place
    std::string value;
    std::size_t index = 0;
};

struct ChangePath {
    ChangePath() = default;

    // One step: a name, or a way into a list.
    struct Step {
        explicit Step(std::string n) : name(std::move(n)) {}
        explicit Step(ElementStep e) : element(std::move(e)) {}

        std::string name;
        std::optional<ElementStep> element;
    };

    std::string text;
    std::vector<Step> steps;

    // The names before the first step into a list.
    Path plain() const;
    // True when no step leads into a list.
    bool is_plain() const;
};

// Fails with invalid_input on a text that is no such path.
Result<ChangePath> parse_change(std::string_view text);

// The scalar text by which elements are compared: strings, integers and booleans have one.
std::optional<std::string> key_text(const Value& value);

// The element of `list` that `step` means, or null.
const Value* find_element(const List& list, const ElementStep& step);

// The value at `path`, or null.
const Value* find(const Value& root, const ChangePath& path);

// Puts `value` at `path` into the map that holds it; false when there is no such map.
bool put_member(Value& root, const ChangePath& path, Value value);

// Removes what is at `path`, from a map or from a list; false when there was nothing.
bool erase(Value& root, const ChangePath& path);

} // namespace trueup::rest
