// What happened in a simulated world, in order: a hash over all of it, by which two runs are
// compared, and the lines themselves when somebody wants to read them.

#pragma once

#include "tests/sim/universe.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace trueup::sim {

class Timeline {
public:
    explicit Timeline(const Universe& universe, bool keep) : universe_(universe), keep_(keep) {}

    // `who` is short: "server", "trueup", "world".
    void add(std::string_view who, std::string_view what)
    {
        const auto nanoseconds =
            static_cast<std::uint64_t>(universe_.now().time_since_epoch().count());
        mix(&nanoseconds, sizeof nanoseconds);
        mix(who.data(), who.size());
        mix(what.data(), what.size());
        ++entries_;
        if (!keep_)
            return;
        std::string line = seconds(nanoseconds);
        line += "  ";
        line += who;
        line.append(who.size() < 8 ? 8 - who.size() : 1, ' ');
        line += what;
        lines_.push_back(std::move(line));
    }

    bool keeps() const { return keep_; }
    std::uint64_t hash() const { return hash_; }
    std::size_t entries() const { return entries_; }
    const std::vector<std::string>& lines() const { return lines_; }

private:
    static std::string seconds(std::uint64_t nanoseconds)
    {
        const std::uint64_t millis = nanoseconds / 1'000'000;
        std::string fraction = std::to_string(millis % 1000);
        fraction.insert(0, 3 - fraction.size(), '0');
        std::string text = std::to_string(millis / 1000) + "." + fraction;
        if (text.size() < 9)
            text.insert(0, 9 - text.size(), ' ');
        return text;
    }

    // FNV-1a
    void mix(const void* data, std::size_t size)
    {
        const auto* bytes = static_cast<const unsigned char*>(data);
        for (std::size_t i = 0; i < size; ++i)
            hash_ = (hash_ ^ bytes[i]) * 1099511628211ULL;
    }

    const Universe& universe_;
    bool keep_;
    std::uint64_t hash_ = 14695981039346656037ULL;
    std::size_t entries_ = 0;
    std::vector<std::string> lines_;
};

} // namespace trueup::sim
