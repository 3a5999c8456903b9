#include "api/sandbox/world.hpp"

#include <boost/assert.hpp>

#include <algorithm>

namespace trueup::sandbox {

namespace {

bool comes_before(const Object* a, const Object* b)
{
    return a->order < b->order;
}

void insert_in_order(Shelf::Row& row, Object& object)
{
    row.insert(std::upper_bound(row.begin(), row.end(), &object, comes_before), &object);
}

void erase_from(Shelf::Row& row, const Object& object)
{
    const auto at = std::lower_bound(row.begin(), row.end(), &object, comes_before);
    BOOST_ASSERT(at != row.end() && *at == &object);
    row.erase(at);
}

} // namespace

std::uint64_t Supply::draw()
{
    // splitmix64: each number depends on the seed and its place alone.
    std::uint64_t z = seed_ * 0x9e3779b97f4a7c15U + ++drawn_ * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
}

std::string Supply::hex(std::size_t bytes)
{
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    text.reserve(bytes * 2);
    while (text.size() < bytes * 2) {
        std::uint64_t number = draw();
        for (int i = 0; i < 16 && text.size() < bytes * 2; ++i, number >>= 4U)
            text += digits[number & 0xfU];
    }
    return text;
}

Object* Shelf::find(const std::string& uid) const
{
    const auto found = by_uid_.find(uid);
    return found == by_uid_.end() ? nullptr : found->second.get();
}

const Shelf::Row& Shelf::in_project(const std::string& project) const
{
    static const Row none;
    const auto found = by_project_.find(project);
    return found == by_project_.end() ? none : found->second;
}

std::string Shelf::entry(std::size_t index, std::string_view text) const
{
    return std::to_string(index) + ":" + lower(text);
}

std::optional<Shelf::Row> Shelf::with_text(const Path& path, std::string_view text) const
{
    const auto index = std::ranges::find(indexed_, path);
    if (index == indexed_.end())
        return std::nullopt;
    const auto found =
        by_text_.find(entry(static_cast<std::size_t>(index - indexed_.begin()), text));
    if (found == by_text_.end())
        return Row{};
    return found->second;
}

std::vector<Object*> Shelf::all() const
{
    std::vector<Object*> objects;
    objects.reserve(size());
    for (const auto& [project, row] : by_project_)
        objects.insert(objects.end(), row.begin(), row.end());
    return objects;
}

void Shelf::enter(Object& object)
{
    for (std::size_t i = 0; i < indexed_.size(); ++i)
        insert_in_order(by_text_[entry(i, text_at(object.data, indexed_[i]))], object);
}

void Shelf::leave(const Object& object)
{
    for (std::size_t i = 0; i < indexed_.size(); ++i) {
        const auto found = by_text_.find(entry(i, text_at(object.data, indexed_[i])));
        erase_from(found->second, object);
        if (found->second.empty())
            by_text_.erase(found);
    }
}

Object& Shelf::add(std::string uid, std::string project, Value data)
{
    auto made = std::make_unique<Object>();
    Object& object = *made;
    object.uid = uid;
    object.project = std::move(project);
    object.order = ++orders_;
    object.data = std::move(data);
    BOOST_VERIFY(by_uid_.emplace(std::move(uid), std::move(made)).second);
    by_project_[object.project].push_back(&object);
    enter(object);
    return object;
}

void Shelf::change(Object& object, Value data)
{
    leave(object);
    object.data = std::move(data);
    enter(object);
}

void Shelf::remove(Object& object)
{
    leave(object);
    const auto row = by_project_.find(object.project);
    erase_from(row->second, object);
    if (row->second.empty())
        by_project_.erase(row);
    by_uid_.erase(object.uid);
}

void Shelf::shuffle(Supply supply)
{
    for (auto& [project, row] : by_project_) {
        std::vector<std::uint64_t> orders;
        for (const Object* object : row)
            orders.push_back(object->order);
        for (std::size_t i = row.size(); i > 1; --i)
            std::swap(row[i - 1], row[supply.draw() % i]);
        for (std::size_t i = 0; i < row.size(); ++i)
            row[i]->order = orders[i];
    }
    for (auto& [text, row] : by_text_)
        std::ranges::sort(row, comes_before);
}

Shelf* World::shelf(const std::string& collection)
{
    const auto found = shelves_.find(collection);
    return found == shelves_.end() ? nullptr : &found->second;
}

const Shelf* World::shelf(const std::string& collection) const
{
    const auto found = shelves_.find(collection);
    return found == shelves_.end() ? nullptr : &found->second;
}

std::size_t World::held_by(const std::string& project) const
{
    std::size_t held = 0;
    for (const auto& [name, shelf] : shelves_)
        held += shelf.in_project(project).size();
    return held;
}

std::string lower(std::string_view text)
{
    std::string result(text);
    for (char& c : result)
        if (c >= 'A' && c <= 'Z')
            c = static_cast<char>(c - 'A' + 'a');
    return result;
}

const std::string& text_at(const Value& data, const Path& path)
{
    static const std::string none;
    const Value* found = find(data, path);
    return found == nullptr ? none : found->string_or_empty();
}

} // namespace trueup::sandbox
