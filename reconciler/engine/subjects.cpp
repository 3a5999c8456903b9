#include "reconciler/engine/subjects.hpp"

#include <algorithm>

namespace trueup {

Subjects::Subjects(const ManifestSet& manifests, const std::vector<Record>& records)
{
    const std::size_t expected = std::max(manifests.manifests.size(), records.size());
    all_.reserve(expected);
    by_address_.reserve(expected);
    for (const Manifest& manifest : manifests.manifests) {
        Subject subject;
        subject.text = manifest.address.text();
        subject.address = &manifest.address;
        subject.manifest = &manifest;
        add(subject);
    }
    for (const Record& record : records) {
        if (const auto it = by_address_.find(record.address); it != by_address_.end()) {
            all_[it->second].record = &record;
            continue;
        }
        Subject subject;
        subject.text = record.address;
        if (auto address = Address::parse(record.address))
            subject.address = &parsed_.emplace_back(std::move(*address));
        subject.record = &record;
        add(subject);
    }
    // Both come in order, as a rule, so that only what one of them lacks is out of place.
    if (!std::ranges::is_sorted(all_, {}, &Subject::text)) {
        std::ranges::sort(all_, {}, &Subject::text);
        for (std::size_t i = 0; i < all_.size(); ++i)
            by_address_[all_[i].text] = i;
    }
    by_uid_.reserve(records.size());
    for (std::size_t i = 0; i < all_.size(); ++i)
        if (all_[i].record != nullptr && !all_[i].record->uid.empty())
            by_uid_.emplace(all_[i].record->uid, i);
}

void Subjects::add(Subject subject)
{
    if (by_address_.emplace(subject.text, all_.size()).second)
        all_.push_back(subject);
}

const Subject* Subjects::find(std::string_view address) const
{
    const auto it = by_address_.find(address);
    return it != by_address_.end() ? &all_[it->second] : nullptr;
}

const Subject* Subjects::owner_of(std::string_view kind, std::string_view uid) const
{
    const auto [first, last] = by_uid_.equal_range(uid);
    const Subject* owner = nullptr;
    // Of several records the one whose address comes last, whatever the order they came in.
    for (auto it = first; it != last; ++it)
        if (all_[it->second].record->kind == kind &&
            (owner == nullptr || owner->text < all_[it->second].text))
            owner = &all_[it->second];
    return owner;
}

} // namespace trueup
