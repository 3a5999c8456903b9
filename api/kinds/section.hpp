// One map of a kind file while it is being read: what each key holds, where it stands, what is
// wrong with it.
//
// Every key that a reader asks for counts as known; finish() reports the others, with the nearest
// known name.

#pragma once

#include "state/model/clock.hpp"
#include "state/model/diagnostic.hpp"
#include "state/model/path.hpp"
#include "state/model/value.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace trueup::kinds {

// A value of a kind file and where it stands. The document and its file name outlive it.
struct Entry {
    Entry() = default;
    Entry(const Value* v, const std::string* f, std::string k)
        : value(v), file(f), key(std::move(k))
    {
    }

    explicit operator bool() const { return value != nullptr; }
    // The member of this map, or of this list, with its longer key.
    Entry member(const std::string& name, const Value& inside) const;

    const Value* value = nullptr; // null: there is none
    const std::string* file = nullptr;
    std::string key; // "list.paging.size"
};

// Adds an error at the place of `at` that names its key.
void complain(Diagnostics& diagnostics,
              const Entry& at,
              const std::string& what,
              std::string advice = {});

// Each reads one value; a wrong one is reported and read as nothing.
std::optional<std::string> read_text(const Entry& at, Diagnostics& diagnostics);
// Booleans and integers too, as they would be written.
std::optional<std::string> read_scalar(const Entry& at, Diagnostics& diagnostics);
std::optional<std::int64_t>
read_count(const Entry& at, std::int64_t least, std::int64_t most, Diagnostics& diagnostics);
std::optional<Path> read_path(const Entry& at, Diagnostics& diagnostics);
// The elements of a list; a single value stands for a list of one.
std::vector<Entry> read_list(const Entry& at);

template <class T>
using Words = std::vector<std::pair<std::string, T>>;

class Section {
public:
    // What `own` lacks is taken from `defaults`. With a `short_form`, a string stands for a map
    // with that one key. A missing `own` makes a section without keys; finish() then says nothing.
    Section(Entry own,
            Diagnostics& diagnostics,
            Entry defaults = {},
            std::string_view short_form = {});

    const Entry& at() const { return own_; }
    // True when the kind file itself has it and it is not null, whatever the defaults say.
    bool states(std::string_view name);
    // True when the kind file itself has it as null.
    bool says_none(std::string_view name);
    // The entry, or that of the defaults; nothing when the file says null.
    Entry get(std::string_view name);
    // The entry of the defaults alone.
    Entry get_default(std::string_view name);
    // The same as get, but missing is an error.
    Entry need(std::string_view name);

    std::string text(std::string_view name);
    bool flag(std::string_view name, bool otherwise);
    std::size_t count(std::string_view name, std::size_t otherwise, std::size_t most);
    double rate(std::string_view name, double otherwise);
    Path path(std::string_view name);
    std::optional<Path> optional_path(std::string_view name);
    std::vector<Path> paths(std::string_view name);
    std::vector<std::string> texts(std::string_view name);
    Duration duration(std::string_view name, Duration otherwise);

    template <class T>
    T word(std::string_view name, const Words<T>& words, T otherwise)
    {
        const Entry entry = get(name);
        return entry ? word_of(entry, words, otherwise) : otherwise;
    }
    template <class T>
    std::vector<T> word_list(std::string_view name, const Words<T>& words)
    {
        std::vector<T> found;
        if (const Entry entry = get(name))
            for (const Entry& item : read_list(entry))
                found.push_back(word_of(item, words, words.front().second));
        return found;
    }

    // Reports the keys that nobody asked for.
    void finish();
    void error(const std::string& what, std::string advice = {});

private:
    template <class T>
    T word_of(const Entry& entry, const Words<T>& words, T otherwise)
    {
        const auto text = read_text(entry, *diagnostics_);
        if (!text)
            return otherwise;
        std::vector<std::string> known;
        for (const auto& [name, value] : words) {
            if (name == *text)
                return value;
            known.push_back(name);
        }
        unknown_word(entry, *text, known);
        return otherwise;
    }
    void unknown_word(const Entry& entry,
                      const std::string& text,
                      const std::vector<std::string>& known);
    void finish_map(const Entry& map);
    const Value* own_value(std::string_view name) const;
    void remember(std::string_view name);

    Entry own_;
    Entry defaults_;
    Diagnostics* diagnostics_;
    Map short_map_; // the map that a short form stands for
    bool short_ = false;
    std::vector<std::string> asked_;
};

} // namespace trueup::kinds
