// What a reader of manifests or kind files has to say about them: all of it at once, each with its
// place.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace trueup {

// Where a value was written. Line and column count from 1; 0 means "nowhere in a file".
struct Place {
    std::uint32_t line = 0;
    std::uint32_t column = 0;
};

enum class Severity { error, warning };

struct Diagnostic {
    Diagnostic(Severity s, std::string f, Place p, std::string text, std::string hint = {})
        : severity(s),
          file(std::move(f)),
          place(p),
          message(std::move(text)),
          advice(std::move(hint))
    {
    }

    Severity severity;
    std::string file; // may be empty when there is none
    Place place;
    std::string message; // names the field and what is wrong
    std::string advice;  // what would be right, such as: did you mean "labels"?

    // "file:line:column: error: message; advice"
    std::string text() const;
};

class Diagnostics {
public:
    void error(std::string file, Place place, std::string message, std::string advice = {});
    void warning(std::string file, Place place, std::string message, std::string advice = {});
    void add(Diagnostic diagnostic) { all_.push_back(std::move(diagnostic)); }

    bool has_errors() const;
    std::size_t error_count() const;
    const std::vector<Diagnostic>& all() const { return all_; }

    // By file, line and column, errors and warnings together.
    void sort();

private:
    std::vector<Diagnostic> all_;
};

// The candidate that `word` is most likely a misspelling of, or "" when none is near enough.
std::string nearest_name(const std::string& word, const std::vector<std::string>& candidates);

// " did you mean \"x\"?" style advice for a misspelt word, or the list of what is allowed when it
// is short, or "".
std::string did_you_mean(const std::string& word, const std::vector<std::string>& candidates);

} // namespace trueup
