// How the rules' expressions are read; what they mean is in expression.cpp.

#include "api/sandbox/expression.hpp"
#include "state/model/yaml.hpp"

#include <algorithm>
#include <optional>

namespace trueup::sandbox {

namespace {

using Op = Expression::Op;

constexpr std::size_t depth_max = 40;

constexpr std::pair<std::string_view, Root> roots[] = {
    {"body", Root::body},
    {"object", Root::object},
    {"item", Root::item},
    {"outer", Root::outer},
    {"param", Root::param},
    {"query", Root::query},
    {"source", Root::source},
    {"server", Root::server},
};

// The operators whose operands are expressions, in the order that evaluate() expects.
struct Form {
    std::string_view name;
    Op op;
    std::vector<std::string_view> operands;
};

const std::vector<Form>& forms()
{
    static const std::vector<Form> all = {
        {"$when", Op::when, {"$when", "$then", "$else"}},
        {"$each", Op::each, {"$each", "$as"}},
        {"$find", Op::find, {"$find", "$is", "$take"}},
        {"$with", Op::with, {"$with", "$as"}},
        {"$look", Op::look, {"$uid", "$take"}},
        {"$siblings", Op::siblings, {"$as"}},
        {"$async", Op::async, {"$async", "$pending", "$done"}},
    };
    return all;
}

class Reader {
public:
    explicit Reader(const Shows& shows) : shows_(shows) {}

    Result<Expression> read(const Value& written, std::size_t depth) const;

private:
    Result<Expression> read_word(const std::string& text) const;
    Result<Expression> read_object(const Map& map, std::size_t depth) const;
    Result<Expression> read_form(const Form& form, const Map& map, std::size_t depth) const;
    Result<Expression> read_list(Op op, const Value& written, std::size_t depth) const;
    std::optional<Result<Expression>> read_leaf(const Map& map, std::size_t depth) const;

    const Shows& shows_;
};

Error unreadable(const std::string& what)
{
    return Error{Errc::invalid_input, what};
}

Result<Expression> read_path(const std::string& text)
{
    const std::size_t dot = text.find('.');
    const std::string root = text.substr(0, dot);
    for (const auto& [name, value] : roots) {
        if (root != name)
            continue;
        auto path = Path::parse(dot == std::string::npos ? "" : text.substr(dot + 1));
        if (!path)
            return path.error();
        Expression expression;
        expression.op = Op::path;
        expression.root = value;
        expression.path = std::move(*path);
        return expression;
    }
    return unreadable("'" + text + "' does not start with a root such as body or object");
}

Value default_value(const std::string& text)
{
    if (text == "none")
        return List{};
    if (text == "empty")
        return Value("");
    return yaml::plain_scalar(text);
}

Result<Expression> Reader::read_word(const std::string& text) const
{
    constexpr std::string_view otherwise = " else ";
    const std::size_t split = text.find(otherwise);
    auto path = read_path(text.substr(0, split));
    if (!path || split == std::string::npos)
        return path;
    Expression fallback;
    fallback.op = Op::constant;
    fallback.constant = default_value(text.substr(split + otherwise.size()));
    Expression first;
    first.op = Op::first;
    first.operands.push_back(std::move(*path));
    first.operands.push_back(std::move(fallback));
    return first;
}

Result<Expression> Reader::read_list(Op op, const Value& written, std::size_t depth) const
{
    Expression expression;
    expression.op = op;
    if (written.if_list() == nullptr)
        return unreadable("expected a list of expressions");
    for (const Value& each : *written.if_list()) {
        auto operand = read(each, depth);
        if (!operand)
            return operand.error();
        expression.operands.push_back(std::move(*operand));
    }
    return expression;
}

Result<Expression> Reader::read_form(const Form& form, const Map& map, std::size_t depth) const
{
    Expression expression;
    expression.op = form.op;
    for (const std::string_view name : form.operands) {
        const Value* written = map.find(name);
        if (written == nullptr) {
            if (form.op != Op::when || name == form.name)
                return unreadable(std::string(form.name) + " needs " + std::string(name));
            expression.operands.emplace_back(); // an absent branch of $when
            continue;
        }
        auto operand = read(*written, depth);
        if (!operand)
            return operand.error();
        expression.operands.push_back(std::move(*operand));
    }
    if (form.op == Op::look)
        expression.word = map.find("$look")->string_or_empty();
    const std::string_view path_key = form.op == Op::find ? "$key" : "$siblings";
    if (form.op == Op::find || form.op == Op::siblings) {
        const Value* key = map.find(path_key);
        auto path = Path::parse(key != nullptr ? key->string_or_empty() : "");
        if (!path || path->is_root())
            return unreadable(std::string(path_key) + " needs a path");
        expression.path = std::move(*path);
    }
    return expression;
}

// The operators that do not fit a Form.
std::optional<Result<Expression>> Reader::read_leaf(const Map& map, std::size_t depth) const
{
    Expression expression;
    if (const Value* value = map.find("$const")) {
        expression.op = Op::constant;
        expression.constant = *value;
        return expression;
    }
    if (map.contains("$absent"))
        return expression;
    if (const Value* bytes = map.find("$random")) {
        expression.op = Op::random;
        expression.constant = *bytes;
        if (bytes->if_integer() == nullptr)
            return unreadable("$random needs a number of bytes");
        return expression;
    }
    if (const Value* name = map.find("$show")) {
        const Value* shown = shows_.find(name->string_or_empty());
        if (shown == nullptr)
            return unreadable("nothing is called '" + name->string_or_empty() + "' under shows");
        return read(*shown, depth);
    }
    if (const Value* format = map.find("$text")) {
        const Value* of = map.find("$of");
        auto text = read_list(Op::text, of != nullptr ? *of : Value{}, depth);
        if (!text)
            return text;
        text->word = format->string_or_empty();
        std::size_t places = 0;
        for (std::size_t at = text->word.find("{}"); at != std::string::npos;
             at = text->word.find("{}", at + 2))
            ++places;
        if (places != text->operands.size())
            return unreadable("$text needs as many operands as it has {}");
        return text;
    }
    return std::nullopt;
}

Result<Expression> Reader::read_object(const Map& map, std::size_t depth) const
{
    Expression expression;
    expression.op = Op::object;
    for (const auto& [name, written] : map) {
        if (name.starts_with('$'))
            return unreadable("unknown operator " + name);
        auto operand = read(written, depth);
        if (!operand)
            return unreadable(name + ": " + operand.error().message);
        expression.names.push_back(name);
        expression.operands.push_back(std::move(*operand));
    }
    return expression;
}

Result<Expression> Reader::read(const Value& written, std::size_t depth) const
{
    if (depth > depth_max)
        return unreadable("an expression is nested too deeply, or shows itself");
    ++depth;
    if (const std::string* text = written.if_string())
        return read_word(*text);
    const Map* map = written.if_map();
    if (map == nullptr)
        return unreadable("an expression is a path or a map, not " +
                          std::string(written.type_name()));
    for (const Form& form : forms())
        if (map->contains(form.name))
            return read_form(form, *map, depth);
    if (auto leaf = read_leaf(*map, depth))
        return *leaf;
    if (const Value* list = map->find("$first"))
        return read_list(Op::first, *list, depth);
    return read_object(*map, depth);
}

} // namespace

Result<Expression> read_expression(const Value& written, const Shows& shows)
{
    return Reader(shows).read(written, 0);
}

} // namespace trueup::sandbox
