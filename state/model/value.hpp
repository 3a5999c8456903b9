// The one shape that manifests, API answers and remembered state share: a tree of exact values.
//
// Numbers keep their text when a 64-bit integer cannot hold them, secrets cannot be printed, and a
// value that another action has yet to produce is Unknown. Absence is not a value. Equality ignores
// places.

#pragma once

#include "state/model/diagnostic.hpp"
#include "state/model/secret.hpp"

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace trueup {

class Value;

// A number that is not a 64-bit integer: its text is kept, so no digit is lost.
struct Decimal {
    explicit Decimal(std::string t) : text(std::move(t)) {}
    std::string text;
    // Numeric equality of the texts: 1.0 equals 1.00 and 1e0.
    bool operator==(const Decimal& other) const;
};

struct Lookup;

// A value that is known only once something else is: a field of another resource ($ref), or of an
// object that is not managed ($lookup).
struct Unknown {
    std::string target; // address text of the resource that is waited for; "" for a look-up
    std::string field;  // path inside it; "" for its uid
    std::shared_ptr<const Lookup> lookup;
    bool operator==(const Unknown& other) const;
    // "Project/tenant/team-a" or "Pack name=k8s tag=1.29".
    std::string text() const;
};

// Shares one immutable T and compares by content: keeps the rare, large kinds of value from making
// every Value large.
template <class T>
class Boxed {
public:
    explicit Boxed(T content) : content_(std::make_shared<const T>(std::move(content))) {}
    const T& operator*() const { return *content_; }
    bool operator==(const Boxed& other) const { return *content_ == *other.content_; }

private:
    std::shared_ptr<const T> content_;
};

// String keys in sorted order, each at most once.
class Map {
public:
    using Entry = std::pair<std::string, Value>;
    using const_iterator = std::vector<Entry>::const_iterator;
    using iterator = std::vector<Entry>::iterator;

    Map() = default;
    Map(std::initializer_list<Entry> entries);
    // Takes entries whose keys are in order already, each once: what a parser has at the end of an
    // object.
    static Map from_sorted(std::vector<Entry> entries);

    const Value* find(std::string_view key) const;
    Value* find(std::string_view key);
    bool contains(std::string_view key) const { return find(key) != nullptr; }
    // The value under `key`, made null when it was not there.
    Value& operator[](std::string_view key);
    void set(std::string key, Value value);
    // Adds at the end when `key` sorts after every other: the cheap way to build a map in order.
    void append(std::string key, Value value);
    bool erase(std::string_view key);

    std::size_t size() const;
    bool empty() const;
    void reserve(std::size_t n);
    void shrink();
    iterator begin();
    iterator end();
    const_iterator begin() const;
    const_iterator end() const;
    bool operator==(const Map& other) const;

private:
    std::vector<Entry> entries_;
};

using List = std::vector<Value>;

class Value {
public:
    Value() = default; // null
    Value(std::nullptr_t) {}
    Value(bool b) : data_(b) {}
    Value(std::int64_t i) : data_(i) {}
    Value(int i) : data_(static_cast<std::int64_t>(i)) {}
    Value(Decimal d) : data_(std::move(d)) {}
    Value(std::string s) : data_(std::move(s)) {}
    Value(std::string_view s) : data_(std::string(s)) {}
    Value(const char* s) : data_(std::string(s)) {}
    Value(List l) : data_(std::move(l)) {}
    Value(Map m) : data_(std::move(m)) {}
    Value(Unknown u) : data_(Boxed<Unknown>(std::move(u))) {}
    Value(Secret s) : data_(Boxed<Secret>(std::move(s))) {}

    bool is_null() const { return std::holds_alternative<std::monostate>(data_); }
    bool is_unknown() const { return std::holds_alternative<Boxed<Unknown>>(data_); }
    bool is_secret() const { return std::holds_alternative<Boxed<Secret>>(data_); }
    bool is_scalar() const { return if_map() == nullptr && if_list() == nullptr; }

    // Each returns a pointer into this value, or null when it holds something else.
    const bool* if_bool() const { return std::get_if<bool>(&data_); }
    const std::int64_t* if_integer() const { return std::get_if<std::int64_t>(&data_); }
    const Decimal* if_decimal() const { return std::get_if<Decimal>(&data_); }
    const std::string* if_string() const { return std::get_if<std::string>(&data_); }
    const List* if_list() const { return std::get_if<List>(&data_); }
    const Map* if_map() const { return std::get_if<Map>(&data_); }
    const Unknown* if_unknown() const { return unboxed(std::get_if<Boxed<Unknown>>(&data_)); }
    const Secret* if_secret() const { return unboxed(std::get_if<Boxed<Secret>>(&data_)); }
    std::string* if_string() { return std::get_if<std::string>(&data_); }
    List* if_list() { return std::get_if<List>(&data_); }
    Map* if_map() { return std::get_if<Map>(&data_); }

    // The string held, or "".
    const std::string& string_or_empty() const;

    // "string", "integer", "list", ...: the word for messages.
    std::string_view type_name() const;

    Place place() const { return place_; }
    void set_place(Place place) { place_ = place; }

    bool operator==(const Value& other) const { return data_ == other.data_; }

private:
    template <class T>
    static const T* unboxed(const Boxed<T>* box)
    {
        return box != nullptr ? &**box : nullptr;
    }

    std::variant<std::monostate,
                 bool,
                 std::int64_t,
                 Decimal,
                 std::string,
                 List,
                 Map,
                 Boxed<Unknown>,
                 Boxed<Secret>>
        data_;
    Place place_;
};

// Here, where a Value is complete: clang looks into vector's members as soon as they are named.
inline std::size_t Map::size() const
{
    return entries_.size();
}

inline bool Map::empty() const
{
    return entries_.empty();
}

inline void Map::reserve(std::size_t n)
{
    entries_.reserve(n);
}

inline void Map::shrink()
{
    entries_.shrink_to_fit();
}

// What a $lookup asks for: the one object of `kind` whose fields have these values.
struct Lookup {
    std::string kind;
    Map criteria;
    bool operator==(const Lookup& other) const = default;
};

// True when an Unknown is anywhere inside.
bool contains_unknown(const Value& value);

// True when a Secret is anywhere inside.
bool contains_secret(const Value& value);

} // namespace trueup
