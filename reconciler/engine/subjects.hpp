// Everything that a round is about: what is declared, what is remembered, and which of these are
// the same resource. Pure; it looks at nothing but what it was given, and copies none of it.

#pragma once

#include "manifests/manifest.hpp"
#include "state/store/store.hpp"

#include <deque>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace trueup {

// One address that is declared, remembered, or both.
struct Subject {
    Subject() = default;

    std::string_view text;              // the address as the manifest or the record has it
    const Address* address = nullptr;   // null for a record whose address cannot be read
    const Manifest* manifest = nullptr; // null: not declared
    const Record* record = nullptr;     // null: not remembered
};

class Subjects {
public:
    // Manifests and records outlive it, and stay where they are.
    Subjects(const ManifestSet& manifests, const std::vector<Record>& records);
    Subjects(const Subjects&) = delete;
    Subjects& operator=(const Subjects&) = delete;

    // All of them, in the order of their addresses.
    const std::vector<Subject>& all() const { return all_; }
    // Null when nothing of that address is declared or remembered.
    const Subject* find(std::string_view address) const;
    // The one that is remembered with this uid; null when none is.
    const Subject* owner_of(std::string_view kind, std::string_view uid) const;

private:
    void add(Subject subject);

    std::vector<Subject> all_;
    std::deque<Address> parsed_; // of what is remembered alone
    std::unordered_map<std::string_view, std::size_t> by_address_;
    // Objects of several kinds may have the same uid.
    std::unordered_multimap<std::string_view, std::size_t> by_uid_;
};

} // namespace trueup
