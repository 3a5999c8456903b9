#include "reconciler/plan/render.hpp"

#include <algorithm>

namespace trueup {

namespace {

struct Style {
    std::string_view sign;
    std::string_view colour;
    std::string_view title;
};

Style style_of(Verb verb)
{
    switch (verb) {
    case Verb::create:
        return {"+", "\x1b[32m", "To create"};
    case Verb::update:
        return {"~", "\x1b[33m", "To update"};
    case Verb::replace:
        return {"-/+", "\x1b[31m", "To replace"};
    case Verb::remove:
        return {"-", "\x1b[31m", "To delete"};
    case Verb::adopt:
        return {"=", "\x1b[36m", "To adopt (nothing is written to them)"};
    case Verb::forget:
        return {"x", "\x1b[36m", "To forget (nothing is deleted)"};
    case Verb::waiting:
        return {"...", "\x1b[36m", "Waiting"};
    case Verb::blocked:
        return {"!", "\x1b[31m", "Blocked"};
    case Verb::no_op:
        return {" ", "", "Unchanged"};
    }
    return {" ", "", ""};
}

// Text from the API or a manifest may hold escape sequences: they must not reach a terminal.
std::string printable(std::string_view text)
{
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string safe;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte != 0x7F) {
            safe += c;
        } else if (c == '\n') {
            safe += "\\n";
        } else {
            safe += "\\x";
            safe += digits[byte >> 4];
            safe += digits[byte & 0x0F];
        }
    }
    return safe;
}

class TextRenderer {
public:
    TextRenderer(const Plan& plan, const RenderOptions& options) : plan_(plan), options_(options) {}

    std::string run()
    {
        for (const std::string& warning : plan_.warnings)
            text_ += paint("\x1b[33m", "Warning: ") + printable(warning) + "\n";
        static constexpr Verb groups[] = {Verb::create,
                                          Verb::update,
                                          Verb::replace,
                                          Verb::remove,
                                          Verb::adopt,
                                          Verb::forget,
                                          Verb::waiting,
                                          Verb::blocked};
        for (const Verb verb : groups)
            group(verb);
        if (options_.show_unchanged)
            group(Verb::no_op);
        prunable();
        unverified();
        if (!plan_.counts.has_writes() && plan_.counts.blocked == 0)
            text_ += "No changes. What exists matches the manifests.\n";
        text_ += "Plan: " + summary_line(plan_.counts) + ".\n";
        return std::move(text_);
    }

private:
    std::string paint(std::string_view colour, std::string_view text) const
    {
        if (options_.colour == Colour::off || colour.empty())
            return std::string(text);
        return std::string(colour) + std::string(text) + "\x1b[0m";
    }

    void group(Verb verb)
    {
        const Style style = style_of(verb);
        bool first = true;
        for (const Action& action : plan_.actions) {
            if (action.verb != verb)
                continue;
            if (first)
                text_ += std::string(style.title) + ":\n";
            first = false;
            head(action, style);
            for (const FieldChange& change : action.changes)
                field(action, change);
        }
        if (!first)
            text_ += "\n";
    }

    void head(const Action& action, const Style& style)
    {
        text_ += "  " + paint(style.colour, std::string(style.sign) + " " + action.address.text());
        std::string note(name_of(action.reason));
        std::ranges::replace(note, '_', ' ');
        text_ += " (" + note + ")";
        if (!action.message.empty())
            text_ += ": " + printable(action.message);
        if (action.place.line != 0)
            text_ += "  " + where(action, action.place);
        text_ += "\n";
    }

    std::string where(const Action& action, Place place) const
    {
        return paint("\x1b[2m",
                     action.file + ":" + std::to_string(place.line) + ":" +
                         std::to_string(place.column));
    }

    void field(const Action& action, const FieldChange& change)
    {
        static constexpr std::string_view signs[] = {"+", "~", "-"};
        text_ += "      " + std::string(signs[static_cast<std::size_t>(change.op)]) + " " +
                 printable(change.path) + ": ";
        if (change.before)
            text_ += show(*change.before, change.sensitive) + " -> ";
        text_ += change.after ? show(*change.after, change.sensitive) : std::string("(removed)");
        if (change.needs_replace)
            text_ += paint("\x1b[31m", " (forces replace)");
        if (action.verb != Verb::create)
            text_ += " [" + std::string(name_of(change.cause)) + "]";
        if (change.origin.line != 0)
            text_ += "  " + where(action, change.origin);
        text_ += "\n";
    }

    std::string show(const Value& value, bool sensitive) const
    {
        if (sensitive || value.is_secret())
            return "(sensitive)";
        if (value.is_unknown())
            return "(known after apply)";
        std::string text = value.if_string() != nullptr
                               ? "\"" + printable(*value.if_string()) + "\""
                               : printable(json::write(value));
        if (text.size() > options_.value_chars_max)
            text = text.substr(0, options_.value_chars_max) + "... (" +
                   std::to_string(text.size()) + " characters)";
        return text;
    }

    void prunable()
    {
        if (plan_.prunable.empty())
            return;
        text_ += "Ours and no longer declared; --prune would delete:\n";
        for (const Action& action : plan_.prunable)
            text_ += "  " + paint("\x1b[2m", "- " + action.address.text()) + "\n";
        text_ += "\n";
    }

    void unverified()
    {
        std::size_t fields = 0;
        for (const Action& action : plan_.actions)
            fields += action.unverified.size();
        if (fields == 0)
            return;
        text_ +=
            "Cannot be compared, because no record of what was sent is left (never a reason to "
            "write):\n";
        for (const Action& action : plan_.actions)
            for (const std::string& path : action.unverified)
                text_ += "  ? " + action.address.text() + " " + printable(path) + "\n";
        text_ += "\n";
    }

    const Plan& plan_;
    const RenderOptions& options_;
    std::string text_;
};

} // namespace

std::string render_text(const Plan& plan, const RenderOptions& options)
{
    return TextRenderer(plan, options).run();
}

std::string summary_line(const PlanCounts& counts)
{
    const auto part = [](std::size_t n, std::string_view what) {
        return std::to_string(n) + " " + std::string(what);
    };
    std::string line = part(counts.create, "to create, ") + part(counts.update, "to update, ") +
                       part(counts.replace, "to replace, ") + part(counts.remove, "to delete, ") +
                       part(counts.no_op, "unchanged");
    if (counts.adopt != 0)
        line += ", " + part(counts.adopt, "to adopt");
    if (counts.forget != 0)
        line += ", " + part(counts.forget, "to forget");
    if (counts.waiting != 0)
        line += ", " + part(counts.waiting, "waiting");
    if (counts.blocked != 0)
        line += ", " + part(counts.blocked, "blocked");
    if (counts.unmanaged != 0)
        line += "; " + part(counts.unmanaged, "exist unmanaged");
    return line;
}

} // namespace trueup
