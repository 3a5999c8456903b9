#include "state/model/diagnostic.hpp"

#include <algorithm>
#include <tuple>

namespace trueup {

namespace {

constexpr std::size_t listed_candidates_max = 12;

char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// Edit distance with neighbours swapped counted as one, capped by the lengths of two short names.
std::size_t distance(const std::string& a, const std::string& b)
{
    std::vector<std::vector<std::size_t>> cost(a.size() + 1,
                                               std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = 0; i <= a.size(); ++i)
        cost[i][0] = i;
    for (std::size_t j = 0; j <= b.size(); ++j)
        cost[0][j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t change = lower(a[i - 1]) == lower(b[j - 1]) ? 0U : 1U;
            cost[i][j] =
                std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + change});
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                lower(a[i - 2]) == lower(b[j - 1]))
                cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
        }
    }
    return cost[a.size()][b.size()];
}

} // namespace

std::string Diagnostic::text() const
{
    std::string line = file;
    if (place.line != 0)
        line += (line.empty() ? "" : ":") + std::to_string(place.line) + ":" +
                std::to_string(place.column);
    if (!line.empty())
        line += ": ";
    line += severity == Severity::error ? "error: " : "warning: ";
    line += message;
    if (!advice.empty())
        line += "; " + advice;
    return line;
}

void Diagnostics::error(std::string file, Place place, std::string message, std::string advice)
{
    all_.emplace_back(
        Severity::error, std::move(file), place, std::move(message), std::move(advice));
}

void Diagnostics::warning(std::string file, Place place, std::string message, std::string advice)
{
    all_.emplace_back(
        Severity::warning, std::move(file), place, std::move(message), std::move(advice));
}

bool Diagnostics::has_errors() const
{
    return error_count() != 0;
}

std::size_t Diagnostics::error_count() const
{
    return static_cast<std::size_t>(
        std::ranges::count(all_, Severity::error, &Diagnostic::severity));
}

void Diagnostics::sort()
{
    std::ranges::stable_sort(all_, [](const Diagnostic& a, const Diagnostic& b) {
        return std::tie(a.file, a.place.line, a.place.column) <
               std::tie(b.file, b.place.line, b.place.column);
    });
}

std::string nearest_name(const std::string& word, const std::vector<std::string>& candidates)
{
    if (word.size() > 64)
        return {};
    const std::size_t allowed = word.size() <= 3 ? 1 : word.size() <= 6 ? 2 : 3;
    std::string best;
    std::size_t best_distance = allowed + 1;
    for (const std::string& candidate : candidates) {
        if (candidate.size() > 64)
            continue;
        const std::size_t d = distance(word, candidate);
        if (d < best_distance) {
            best_distance = d;
            best = candidate;
        }
    }
    return best;
}

std::string did_you_mean(const std::string& word, const std::vector<std::string>& candidates)
{
    if (std::string best = nearest_name(word, candidates); !best.empty())
        return "did you mean \"" + best + "\"?";
    if (candidates.empty() || candidates.size() > listed_candidates_max)
        return {};
    std::string list = "it may be ";
    for (std::size_t i = 0; i < candidates.size(); ++i)
        list += (i == 0 ? "" : i + 1 == candidates.size() ? " or " : ", ") + candidates[i];
    return list;
}

} // namespace trueup
