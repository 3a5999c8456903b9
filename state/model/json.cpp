#include "state/model/json.hpp"

#include "state/model/utf8.hpp"

#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

namespace trueup::json::detail {

// The text as RapidJSON wants to see it. Unlike its own StringStream it needs no NUL at the end.
class View {
public:
    using Ch = char;

    explicit View(std::string_view text)
        : begin_(text.data()), at_(text.data()), end_(text.data() + text.size())
    {
    }

    Ch Peek() const { return at_ == end_ ? '\0' : *at_; }
    Ch Take() { return at_ == end_ ? '\0' : *at_++; }
    std::size_t Tell() const { return static_cast<std::size_t>(at_ - begin_); }

    // Required by the concept, called for in-place parsing only.
    Ch* PutBegin() { return nullptr; }
    void Put(Ch) {}
    std::size_t PutEnd(Ch*) { return 0; }

private:
    const char* begin_;
    const char* at_;
    const char* end_;
};

} // namespace trueup::json::detail

template <>
struct rapidjson::StreamTraits<trueup::json::detail::View> {
    enum { copyOptimization = 1 };
};

namespace trueup::json {

namespace {

using detail::View;

bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

// True when `text` is a number by the grammar of RFC 8259.
bool is_number(std::string_view text)
{
    const auto digits = [&text] {
        const std::size_t count = std::min(text.find_first_not_of("0123456789"), text.size());
        text.remove_prefix(count);
        return count;
    };
    if (text.starts_with('-'))
        text.remove_prefix(1);
    const bool zero = text.starts_with('0');
    const std::size_t whole = digits();
    if (whole == 0 || (zero && whole > 1))
        return false;
    if (text.starts_with('.')) {
        text.remove_prefix(1);
        if (digits() == 0)
            return false;
    }
    if (text.starts_with('e') || text.starts_with('E')) {
        text.remove_prefix(text.size() > 1 && (text[1] == '+' || text[1] == '-') ? 2 : 1);
        if (digits() == 0)
            return false;
    }
    return text.empty();
}

Value number_value(std::string_view text)
{
    std::int64_t integer = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), integer);
    if (failure == std::errc{} && end == text.data() + text.size())
        return integer;
    return Decimal(std::string(text));
}

// Builds the Value bottom-up on explicit stacks, so that no input can make it recurse. Entries and
// elements wait on one stack each until their container ends, and then move into it at its exact
// size.
class Builder {
public:
    Builder(const Limits& limits, bool check_strings, const std::vector<std::string>* numbers)
        : limits_(limits), check_strings_(check_strings), numbers_(numbers)
    {
    }

    bool Null() { return add(nullptr); }
    bool Bool(bool b) { return add(b); }
    bool RawNumber(const char* text, rapidjson::SizeType size, bool)
    {
        if (numbers_ == nullptr)
            return add(number_value({text, size}));
        // False for what is no number by the grammar ("01"), which RapidJSON notices one step
        // later.
        return numbers_taken_ < numbers_->size() &&
               add(number_value((*numbers_)[numbers_taken_++]));
    }
    bool String(const char* text, rapidjson::SizeType size, bool)
    {
        return is_text({text, size}) && add(std::string(text, size));
    }
    bool Key(const char* text, rapidjson::SizeType size, bool)
    {
        entries_.emplace_back(std::string(text, size), Value());
        return is_text({text, size});
    }
    bool StartObject() { return open(entries_.size(), true); }
    bool StartArray() { return open(elements_.size(), false); }
    bool EndObject(rapidjson::SizeType);
    bool EndArray(rapidjson::SizeType);

    // Every number is asked for as text.
    bool Int(int) { return false; }
    bool Uint(unsigned) { return false; }
    bool Int64(std::int64_t) { return false; }
    bool Uint64(std::uint64_t) { return false; }
    bool Double(double) { return false; }

    Value take() { return std::move(root_); }
    const std::optional<Error>& failure() const { return failure_; }

private:
    struct Frame {
        std::size_t first;
        bool is_map;
    };

    bool fail(Errc code, std::string message)
    {
        failure_.emplace(code, std::move(message));
        return false;
    }
    bool is_text(std::string_view text)
    {
        // An escape may spell half of a surrogate pair, which RapidJSON 1.1 lets pass.
        if (check_strings_ && valid_utf8(text) != text.size())
            return fail(Errc::rejected, "a \\u escape is no character");
        return true;
    }
    bool open(std::size_t first, bool is_map)
    {
        if (frames_.size() >= limits_.depth_max)
            return fail(Errc::too_large,
                        "nested deeper than " + std::to_string(limits_.depth_max) + " levels");
        frames_.push_back({first, is_map});
        return true;
    }
    bool add(Value value);

    const Limits& limits_;
    bool check_strings_;
    const std::vector<std::string>* numbers_;
    std::size_t numbers_taken_ = 0;
    std::size_t nodes_ = 0;
    std::vector<Frame> frames_;
    std::vector<Map::Entry> entries_;
    std::vector<Value> elements_;
    Value root_;
    std::optional<Error> failure_;
};

bool Builder::add(Value value)
{
    if (++nodes_ > limits_.nodes_max)
        return fail(Errc::too_large, "more than " + std::to_string(limits_.nodes_max) + " values");
    if (frames_.empty())
        root_ = std::move(value);
    else if (frames_.back().is_map)
        entries_.back().second = std::move(value);
    else
        elements_.push_back(std::move(value));
    return true;
}

bool Builder::EndObject(rapidjson::SizeType)
{
    const auto first = entries_.begin() + static_cast<std::ptrdiff_t>(frames_.back().first);
    if (!std::is_sorted(first, entries_.end(), [](const Map::Entry& a, const Map::Entry& b) {
            return a.first < b.first;
        }))
        std::sort(first, entries_.end(), [](const Map::Entry& a, const Map::Entry& b) {
            return a.first < b.first;
        });
    const auto twice =
        std::adjacent_find(first, entries_.end(), [](const Map::Entry& a, const Map::Entry& b) {
            return a.first == b.first;
        });
    if (twice != entries_.end())
        return fail(Errc::rejected, "an object has a name twice"); // which: may be an echo
    std::vector<Map::Entry> own(std::make_move_iterator(first),
                                std::make_move_iterator(entries_.end()));
    entries_.erase(first, entries_.end());
    frames_.pop_back();
    return add(Map::from_sorted(std::move(own)));
}

bool Builder::EndArray(rapidjson::SizeType)
{
    const auto first = elements_.begin() + static_cast<std::ptrdiff_t>(frames_.back().first);
    List own(std::make_move_iterator(first), std::make_move_iterator(elements_.end()));
    elements_.erase(first, elements_.end());
    frames_.pop_back();
    return add(std::move(own));
}

// The texts of all numbers, in order, and the document with a 0 of the same width in place of each.
struct WithoutNumbers {
    std::string text;
    std::vector<std::string> numbers;
};

WithoutNumbers without_numbers(std::string_view text)
{
    WithoutNumbers result;
    result.text = text;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '"') {
            for (++i; i < text.size() && text[i] != '"'; ++i)
                i += text[i] == '\\' ? 1U : 0U;
        } else if (text[i] == '-' || is_digit(text[i])) {
            const std::size_t end =
                std::min(text.find_first_not_of("+-.0123456789Ee", i), text.size());
            const std::string_view number = text.substr(i, end - i);
            if (is_number(number)) {
                result.numbers.emplace_back(number);
                std::fill_n(
                    result.text.begin() + static_cast<std::ptrdiff_t>(i), number.size(), ' ');
                result.text[i] = '0';
            }
            i = end - 1;
        }
    }
    return result;
}

// RapidJSON refuses numbers beyond the range of a double even where it is asked for their text
// only: then `numbers` holds the texts, and the zeros in `text` stand for them.
Result<Value>
parse_text(std::string_view text, const Limits& limits, const std::vector<std::string>* numbers)
{
    constexpr unsigned flags =
        rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag;
    View view(text);
    rapidjson::Reader reader;
    Builder builder(limits, text.find("\\u") != std::string_view::npos, numbers);
    reader.Parse<flags>(view, builder);
    const std::string where =
        "at byte " + std::to_string(reader.HasParseError() ? reader.GetErrorOffset() : view.Tell());
    if (builder.failure())
        return Error{builder.failure()->code, builder.failure()->message, where};
    if (reader.GetParseErrorCode() == rapidjson::kParseErrorNumberTooBig && numbers == nullptr) {
        const WithoutNumbers second = without_numbers(text);
        return parse_text(second.text, limits, &second.numbers);
    }
    if (reader.HasParseError())
        return Error{Errc::rejected,
                     std::string("not JSON: ") +
                         rapidjson::GetParseError_En(reader.GetParseErrorCode()),
                     where};
    // RapidJSON takes a NUL for the end.
    if (view.Tell() != text.size())
        return Error{Errc::rejected, "not JSON: a NUL character", where};
    return builder.take();
}

// Replaces each {"$hash": "..."} inside `value` by the secret that it remembers. The depth is
// bounded by the parser's limit.
void recall_secrets(Value& value)
{
    if (List* list = value.if_list()) {
        for (Value& element : *list)
            recall_secrets(element);
    } else if (Map* map = value.if_map()) {
        const Value* hash = map->size() == 1 ? map->find("$hash") : nullptr;
        if (hash != nullptr && hash->if_string() != nullptr) {
            value = Secret::remembered(*hash->if_string());
            return;
        }
        for (auto& [key, member] : *map)
            recall_secrets(member);
    }
}

} // namespace

Result<Value> parse(std::string_view text, const Limits& limits)
{
    if (text.size() > limits.bytes_max)
        return Error{Errc::too_large,
                     "the JSON text has " + std::to_string(text.size()) + " bytes, more than " +
                         std::to_string(limits.bytes_max)};
    // The whole text is checked at once: much cheaper than RapidJSON's check character by
    // character.
    if (const std::size_t valid = valid_utf8(text); valid != text.size())
        return Error{Errc::rejected, "not UTF-8", "at byte " + std::to_string(valid)};
    return parse_text(without_bom(text), limits, nullptr);
}

Result<Value> parse_remembered(std::string_view text)
{
    auto value = parse(text);
    if (value)
        recall_secrets(*value);
    return value;
}

} // namespace trueup::json
