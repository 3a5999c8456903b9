// The types that the sandbox's rules give request bodies, and the check of a body against one.
//
// A type is written as data: "string", "a|b|c" (one of), "integer 1..24", [element], {member: type,
// member!: required type}, or the name of another type. Members that a type does not name are
// ignored, as Palette does.

#pragma once

#include "state/model/result.hpp"
#include "state/model/value.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace trueup::sandbox {

struct Member;

struct BodyType {
    enum class Base { any, string, integer, number, boolean, time, choice, text_map, list, object };

    Base base = Base::any;
    std::vector<std::string> choices;  // choice
    std::optional<std::int64_t> least; // integer
    std::optional<std::int64_t> most;
    std::vector<BodyType> element; // list: exactly one
    std::vector<Member> members;   // object
};

struct Member {
    std::string name;
    bool required = false;
    BodyType type;
};

using TypeNames = std::map<std::string, BodyType>;

// Reads a type as the rules write it; names are looked up in `named`. Fails with invalid_input.
Result<BodyType> read_body_type(const Value& written, const TypeNames& named);

// What is wrong with a body: where, and why.
struct BodyFault {
    std::string field;
    std::string reason;
};

// The first thing that is wrong with `body`, or nothing. A null stands for an absent member.
std::optional<BodyFault> find_fault(const Value& body, const BodyType& type);

// `value` without the members that are null.
Value without_nulls(const Value& value);

} // namespace trueup::sandbox
