// What every part of reading one manifest needs: where it comes from, how a field is named in a
// message, and where messages go.

#pragma once

#include "manifests/load.hpp"
#include "manifests/variables.hpp"
#include "state/model/path.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace trueup::manifests {

// What stays the same while all manifests are read. Everything outlives it.
struct Surroundings {
    Surroundings(const LoadOptions& o, const Catalogue& c, const Variables& v, Diagnostics& d)
        : options(o), catalogue(c), variables(v), diagnostics(d)
    {
    }

    const LoadOptions& options;
    const Catalogue& catalogue;
    const Variables& variables;
    Diagnostics& diagnostics;
};

// Where a document comes from.
struct Origin {
    Origin(std::string n, std::filesystem::path d, std::filesystem::path r)
        : name(std::move(n)), directory(std::move(d)), root(std::move(r))
    {
    }

    std::string name;                // of the file, for messages
    std::filesystem::path directory; // that relative paths start from; empty for standard input
    std::filesystem::path root;      // that $file may not leave
};

// "found an integer": the end of a complaint about a type.
inline std::string found(const Value& value)
{
    const std::string_view name = value.type_name();
    if (name == "null")
        return "found nothing";
    return (name == "integer" || name == "unknown" ? "found an " : "found a ") + std::string(name);
}

// One step on the way from the document to a value. The steps stand on the stack of what walks the
// document, and become text only when there is something to say.
class Step {
public:
    Step() = default; // the document
    Step(const Step& above, std::string_view name) : above_(&above), name_(name) {}
    Step(const Step& above, std::size_t index) : above_(&above), index_(index), is_element_(true) {}
    // An element of a keyed list: [name=worker].
    Step(const Step& above, std::string_view key, std::string_view value)
        : above_(&above), name_(key), value_(value), is_element_(true)
    {
    }

    // "metadata.labels", "spec.pools[name=worker].size"; "" for the document.
    std::string text() const
    {
        if (above_ == nullptr)
            return {};
        std::string text = above_->text();
        if (!is_element_)
            text += step_text(name_);
        else if (!name_.empty())
            text += "[" + std::string(name_) + "=" + std::string(value_) + "]";
        else
            text += "[" + std::to_string(index_) + "]";
        if (text.starts_with('.'))
            text.erase(0, 1);
        return text;
    }

private:
    const Step* above_ = nullptr;
    std::string_view name_;
    std::string_view value_;
    std::size_t index_ = 0;
    bool is_element_ = false;
};

// Collects what is wrong with one document.
class Complaints {
public:
    Complaints(const Origin& origin, Diagnostics& diagnostics)
        : origin_(origin), diagnostics_(diagnostics)
    {
    }

    // `what` continues the name of the field: "spec.size: expected an integer".
    void error(const Step& at, Place place, const std::string& what, std::string advice = {})
    {
        sound_ = false;
        diagnostics_.error(origin_.name, place, sentence(at, what), std::move(advice));
    }
    void warning(const Step& at, Place place, const std::string& what, std::string advice = {})
    {
        diagnostics_.warning(origin_.name, place, sentence(at, what), std::move(advice));
    }

    const Origin& origin() const { return origin_; }
    // False after the first error.
    bool is_sound() const { return sound_; }

private:
    static std::string sentence(const Step& at, const std::string& what)
    {
        const std::string path = at.text();
        return path.empty() ? what : path + ": " + what;
    }

    const Origin& origin_;
    Diagnostics& diagnostics_;
    bool sound_ = true;
};

} // namespace trueup::manifests
