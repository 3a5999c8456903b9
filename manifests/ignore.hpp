// What a .trueupignore leaves out: patterns as in a .gitignore, one a line, the last that fits
// wins.
//
// Pure. It knows the file at the top alone: those of directories below it mean nothing.

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace trueup::manifests {

class IgnoreRules {
public:
    IgnoreRules() = default; // nothing is left out
    // The text of the file. Every text is one: a line that fits nothing leaves nothing out.
    explicit IgnoreRules(std::string_view text);

    // Whether `way`, from the top and with / between its parts, is left out. What is below a
    // directory that is left out is too, whatever it matches: the caller does not enter it.
    bool leaves_out(std::string_view way, bool is_directory) const;

private:
    struct Rule {
        std::vector<std::string> parts; // of the way; "**" stands for any number of directories
        bool directories_only = false;
        bool takes_back = false; // it began with !: what fits is in again
    };

    void add(std::string line);
    static bool fits(const Rule& rule, const std::vector<std::string>& way);

    std::vector<Rule> rules_;
};

} // namespace trueup::manifests
