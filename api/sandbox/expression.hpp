// The small language in which the sandbox's rules say what one value is made of: a shape to show of
// an object, or a field to keep of a request body.
//
//   body.spec.name              the value at a path below a root: body, object, item (the element
//   at hand), outer
//                               (the element around it), param, query, source, server; absent if it
//                               is not there
//   body.spec.roles else none   with a value for when it is absent: a scalar, none (an empty list),
//   empty ("") {a: EXPR, b: EXPR}          an object; absent members are left out
//   {$const: VALUE}             that value
//   {$absent: true}             nothing
//   {$first: [EXPR...]}         the first that is not absent
//   {$when: C, $then: A, $else: B}  A when C is there and neither false nor empty, else B
//   {$each: LIST, $as: EXPR}    EXPR for each element
//   {$find: LIST, $key: name, $is: EXPR, $take: EXPR}  EXPR for the element whose `name` equals
//   {$with: X, $as: EXPR}       EXPR with X as the item, if X is there
//   {$look: collection, $uid: EXPR, $take: EXPR}  EXPR for another object, as the item
//   {$siblings: PATH, $as: EXPR}  EXPR for each object of this scope that has the same text at PATH
//   {$text: "{} {}", $of: [EXPR...]}  a text
//   {$random: BYTES}            a fresh hex text
//   {$async: SINCE, $pending: A, $done: B}  A until options.async_duration has passed since, then B
//   {$show: name}               the rule's show of that name, in place

#pragma once

#include "api/sandbox/world.hpp"
#include "state/model/result.hpp"
#include "state/model/value.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace trueup::sandbox {

enum class Root { body, object, item, outer, param, query, source, server };

struct Expression {
    enum class Op {
        path,
        constant,
        absent,
        object,
        first,
        when,
        each,
        find,
        with,
        look,
        siblings,
        text,
        random,
        async,
    };

    Op op = Op::absent;
    Root root = Root::object;
    Path path;                      // path, find ($key), siblings
    Value constant;                 // constant, random
    std::string word;               // look (collection), text (format), path below server
    std::vector<std::string> names; // object: of the operands
    std::vector<Expression> operands;
};

// The shows of a rule file, as written, by name.
using Shows = Map;

// Reads an expression as the rules write it. Fails with invalid_input.
Result<Expression> read_expression(const Value& written, const Shows& shows);

// What the roots stand for while an expression is evaluated. A null stands for nothing.
struct Surroundings {
    const Value* body = nullptr;
    const Value* object = nullptr;
    const Value* item = nullptr;
    const Value* outer = nullptr;
    const Value* param = nullptr;
    const Value* query = nullptr;
    const Value* source = nullptr; // the object that is cloned
    const Value* server = nullptr;
    World* world = nullptr;
    const Shelf* shelf = nullptr; // $siblings: of this collection
    std::string project;          // ... in this scope
};

// The value, or nothing when it is absent.
std::optional<Value> evaluate(const Expression& expression, const Surroundings& around);

// What $when asks: neither absent, null, false, "" or "false", nor an empty list.
bool is_truthy(const std::optional<Value>& value);

} // namespace trueup::sandbox
