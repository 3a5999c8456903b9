// Reads the schemas of a kind file: fields, and the named types that several kinds share.

#pragma once

#include "api/kinds/section.hpp"
#include "state/model/kind.hpp"

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace trueup::kinds {

// The `types` of a catalogue. Types may use each other, in any order, but none may contain itself.
class Types {
public:
    explicit Types(Diagnostics& diagnostics) : diagnostics_(&diagnostics) {}

    // A later type of the same name replaces the earlier one.
    void add(const std::string& name, Entry at);
    // Reads them all, so that the mistakes of unused ones are found too.
    void read_all();

    // A field called `name` as `at` describes it: a type name, or a map.
    Field read_field(const std::string& name, const Entry& at);
    // Each refersTo that was read, for the check that the kind exists.
    const std::vector<Entry>& references() const { return references_; }
    // The members of the object at `at`, a map of fields, added to `members` or put in place of
    // those of the same name.
    void read_members(const Entry& at, std::vector<Field>& members);

private:
    Field start_field(Section& section);
    Field named_type(const std::string& name, const Entry& at);
    void read_rules(Section& section, Field& field);
    void read_shape(Section& section, Field& field);
    void check(const Section& section, const Field& field);
    std::vector<std::string> type_names() const;

    static constexpr std::size_t fields_max_ = 50'000;

    Diagnostics* diagnostics_;
    std::map<std::string, Entry> entries_;
    std::map<std::string, Field> done_;
    std::set<std::string> open_; // being read now
    std::vector<Entry> references_;
    std::size_t fields_ = 0;
};

// The field at `path` below `schema`, or null. Lists have none below; a map's element has any name,
// and so has what an open object or a field of type any holds: then `below_open` becomes true.
const Field* find_field(const Field& schema, const Path& path, bool* below_open = nullptr);

// Reports each part of the value at `at` that `field` does not allow.
void check_value(const Field& field, const Entry& at, Diagnostics& diagnostics);

std::string_view name_of(FieldType type);

} // namespace trueup::kinds
