// What the sandbox holds: collections of objects, found by uid, by scope in page order, and by the
// text of indexed fields.
//
// It keeps and finds; it knows no rule of the API. Nothing here costs more than the objects it
// touches, so that filling a collection is linear and a page of a long list is cheap.

#pragma once

#include "state/model/path.hpp"
#include "state/model/value.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace trueup::sandbox {

struct Object {
    std::string uid;
    std::string project;     // "" : the tenant
    std::uint64_t order = 0; // its place in lists
    Value data;              // metadata, spec, status as read, and "hidden": what is never shown
};

// Where uids, tokens and other random texts come from: a counter, so that a dump can name its
// place.
class Supply {
public:
    explicit Supply(std::uint64_t seed) : seed_(seed) {}

    // `bytes` bytes as hex.
    std::string hex(std::size_t bytes);
    std::uint64_t draw();

    std::uint64_t drawn() const { return drawn_; }
    void resume(std::uint64_t drawn) { drawn_ = drawn; }
    std::uint64_t seed() const { return seed_; }

private:
    std::uint64_t seed_;
    std::uint64_t drawn_ = 0;
};

// The objects of one collection.
class Shelf {
public:
    using Row = std::vector<Object*>; // by order

    explicit Shelf(std::vector<Path> indexed = {}) : indexed_(std::move(indexed)) {}

    // A shelf with the same indexes and nothing on it.
    Shelf emptied() const { return Shelf(indexed_); }
    std::size_t size() const { return by_uid_.size(); }
    Object* find(const std::string& uid) const;
    // The objects of one scope, in page order.
    const Row& in_project(const std::string& project) const;
    // Those whose field at `path` has this text, in any case and scope, in page order. Nothing when
    // `path` is not indexed.
    std::optional<Row> with_text(const Path& path, std::string_view text) const;
    // Every object, by scope and page order.
    std::vector<Object*> all() const;

    // `uid` must be new. The object stays where it is until it is removed.
    Object& add(std::string uid, std::string project, Value data);
    void change(Object& object, Value data);
    void remove(Object& object);
    // Gives the objects of each scope another order.
    void shuffle(Supply supply);

private:
    void enter(Object& object);
    void leave(const Object& object);
    std::string entry(std::size_t index, std::string_view text) const;

    std::vector<Path> indexed_;
    std::unordered_map<std::string, std::unique_ptr<Object>> by_uid_;
    std::map<std::string, Row> by_project_;
    std::unordered_map<std::string, Row> by_text_;
    std::uint64_t orders_ = 0;
};

// All collections.
class World {
public:
    explicit World(std::uint64_t seed) : supply(seed) {}

    // The shelf of a collection; null when there is none.
    Shelf* shelf(const std::string& collection);
    const Shelf* shelf(const std::string& collection) const;
    std::map<std::string, Shelf>& shelves() { return shelves_; }
    const std::map<std::string, Shelf>& shelves() const { return shelves_; }

    // How many objects live in a project.
    std::size_t held_by(const std::string& project) const;

    Supply supply;

private:
    std::map<std::string, Shelf> shelves_;
};

// `text` in lower case (ASCII).
std::string lower(std::string_view text);

// The text at `path` inside `data`, or "".
const std::string& text_at(const Value& data, const Path& path);

} // namespace trueup::sandbox
