#include "api/sandbox/expression.hpp"

#include <array>

namespace trueup::sandbox {

namespace {

using Op = Expression::Op;

constexpr std::size_t siblings_max = 1000;

const Value* root_value(Root root, const Surroundings& around)
{
    switch (root) {
    case Root::body:
        return around.body;
    case Root::object:
        return around.object;
    case Root::item:
        return around.item;
    case Root::outer:
        return around.outer;
    case Root::param:
        return around.param;
    case Root::query:
        return around.query;
    case Root::source:
        return around.source;
    case Root::server:
        return around.server;
    }
    return nullptr;
}

std::optional<Value> evaluate_path(const Expression& expression, const Surroundings& around)
{
    const Value* root = root_value(expression.root, around);
    const Value* found = root != nullptr ? find(*root, expression.path) : nullptr;
    if (found == nullptr || found->is_null())
        return std::nullopt;
    return *found;
}

std::optional<Value> evaluate_object(const Expression& expression, const Surroundings& around)
{
    Map map;
    map.reserve(expression.operands.size());
    for (std::size_t i = 0; i < expression.operands.size(); ++i)
        if (auto value = evaluate(expression.operands[i], around))
            map.append(expression.names[i], std::move(*value));
    return Value(std::move(map));
}

// `around` with another item.
Surroundings inside(const Surroundings& around, const Value& item)
{
    Surroundings inner = around;
    inner.outer = around.item;
    inner.item = &item;
    return inner;
}

std::optional<Value> evaluate_each(const Expression& expression, const Surroundings& around)
{
    const auto list = evaluate(expression.operands[0], around);
    if (!list || list->if_list() == nullptr)
        return std::nullopt;
    List results;
    results.reserve(list->if_list()->size());
    for (const Value& item : *list->if_list())
        if (auto value = evaluate(expression.operands[1], inside(around, item)))
            results.push_back(std::move(*value));
    return Value(std::move(results));
}

std::optional<Value> evaluate_find(const Expression& expression, const Surroundings& around)
{
    const auto list = evaluate(expression.operands[0], around);
    const auto wanted = evaluate(expression.operands[1], around);
    if (!list || !wanted || list->if_list() == nullptr)
        return std::nullopt;
    for (const Value& item : *list->if_list()) {
        const Value* key = find(item, expression.path);
        if (key != nullptr && *key == *wanted)
            return evaluate(expression.operands[2], inside(around, item));
    }
    return std::nullopt;
}

std::optional<Value> evaluate_look(const Expression& expression, const Surroundings& around)
{
    const auto uid = evaluate(expression.operands[0], around);
    const Shelf* shelf = around.world->shelf(expression.word);
    const Object* object = uid && shelf ? shelf->find(uid->string_or_empty()) : nullptr;
    if (object == nullptr)
        return std::nullopt;
    return evaluate(expression.operands[1], inside(around, object->data));
}

std::optional<Value> evaluate_siblings(const Expression& expression, const Surroundings& around)
{
    List results;
    if (around.object == nullptr || around.shelf == nullptr)
        return std::nullopt;
    const std::string& text = text_at(*around.object, expression.path);
    const auto row = around.shelf->with_text(expression.path, text);
    for (const Object* sibling : row ? *row : Shelf::Row{}) {
        const bool same = text_at(sibling->data, expression.path) == text;
        if (!same || sibling->project != around.project || results.size() == siblings_max)
            continue;
        if (auto value = evaluate(expression.operands[0], inside(around, sibling->data)))
            results.push_back(std::move(*value));
    }
    return Value(std::move(results));
}

std::optional<Value> evaluate_text(const Expression& expression, const Surroundings& around)
{
    std::string text;
    bool any = false;
    std::size_t operand = 0;
    const std::string& format = expression.word;
    for (std::size_t i = 0; i < format.size(); ++i) {
        if (format.compare(i, 2, "{}") != 0) {
            text += format[i];
            continue;
        }
        ++i;
        if (const auto value = evaluate(expression.operands[operand++], around)) {
            text += value->string_or_empty();
            any = true;
        }
    }
    text.erase(0, std::min(text.find_first_not_of(' '), text.size()));
    text.erase(text.find_last_not_of(' ') + 1);
    if (!any)
        return std::nullopt;
    return Value(std::move(text));
}

std::optional<Value> evaluate_async(const Expression& expression, const Surroundings& around)
{
    const auto since = evaluate(expression.operands[0], around);
    const Value* now = find(*around.server, Path({"millis"}));
    const Value* takes = find(*around.server, Path({"async"}));
    if (!since || since->if_integer() == nullptr)
        return std::nullopt;
    const bool done = *now->if_integer() >= *since->if_integer() + *takes->if_integer();
    return evaluate(expression.operands[done ? 2 : 1], around);
}

} // namespace

bool is_truthy(const std::optional<Value>& value)
{
    if (!value || value->is_null())
        return false;
    if (const bool* flag = value->if_bool())
        return *flag;
    if (const std::string* text = value->if_string())
        return !text->empty() && *text != "false";
    if (const List* list = value->if_list())
        return !list->empty();
    return true;
}

std::optional<Value> evaluate(const Expression& expression, const Surroundings& around)
{
    switch (expression.op) {
    case Op::absent:
        return std::nullopt;
    case Op::path:
        return evaluate_path(expression, around);
    case Op::constant:
        return expression.constant;
    case Op::object:
        return evaluate_object(expression, around);
    case Op::first:
        for (const Expression& operand : expression.operands)
            if (auto value = evaluate(operand, around))
                return value;
        return std::nullopt;
    case Op::when:
        return evaluate(
            expression.operands[is_truthy(evaluate(expression.operands[0], around)) ? 1 : 2],
            around);
    case Op::each:
        return evaluate_each(expression, around);
    case Op::find:
        return evaluate_find(expression, around);
    case Op::with:
        if (const auto item = evaluate(expression.operands[0], around))
            return evaluate(expression.operands[1], inside(around, *item));
        return std::nullopt;
    case Op::look:
        return evaluate_look(expression, around);
    case Op::siblings:
        return evaluate_siblings(expression, around);
    case Op::text:
        return evaluate_text(expression, around);
    case Op::random:
        return Value(
            around.world->supply.hex(static_cast<std::size_t>(*expression.constant.if_integer())));
    case Op::async:
        return evaluate_async(expression, around);
    }
    return std::nullopt;
}

} // namespace trueup::sandbox
