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

void escape(std::string& safe, unsigned char byte)
{
    static constexpr std::string_view digits = "0123456789abcdef";
    safe += "\\x";
    safe += digits[byte >> 4];
    safe += digits[byte & 0x0F];
}

// How many bytes of UTF-8 from `text` on are a control of a terminal or turn the direction of the
// text; 0 for none.
std::size_t hidden_control(std::string_view text)
{
    const auto byte = [&](std::size_t i) {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
    };
    if (byte(0) == 0xC2 && byte(1) >= 0x80 && byte(1) <= 0x9F)
        return 2; // U+0080 to U+009F
    if (byte(0) != 0xE2)
        return 0;
    if (byte(1) == 0x80 &&
        ((byte(2) >= 0xAA && byte(2) <= 0xAE) || byte(2) == 0x8E || byte(2) == 0x8F))
        return 3; // U+202A to U+202E, U+200E, U+200F
    if (byte(1) == 0x81 && byte(2) >= 0xA6 && byte(2) <= 0xA9)
        return 3; // U+2066 to U+2069
    return 0;
}

} // namespace

// Text from the API or a manifest may hold escape sequences: they must not reach a terminal.
std::string printable(std::string_view text)
{
    std::string safe;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if (const std::size_t hidden = hidden_control(text.substr(i)); hidden != 0) {
            for (std::size_t k = 0; k < hidden; ++k)
                escape(safe, static_cast<unsigned char>(text[i + k]));
            i += hidden - 1;
        } else if (byte == '\n') {
            safe += "\\n";
        } else if (byte < 0x20 || byte == 0x7F) {
            escape(safe, byte);
        } else {
            safe += text[i];
        }
    }
    return safe;
}

namespace {

// The first `bytes_max` bytes, less a character that would be cut.
std::string_view head_of(std::string_view text, std::size_t bytes_max)
{
    if (text.size() <= bytes_max)
        return text;
    while (bytes_max != 0 && (static_cast<unsigned char>(text[bytes_max]) & 0xC0U) == 0x80U)
        --bytes_max;
    return text.substr(0, bytes_max);
}

class TextRenderer {
public:
    TextRenderer(const Plan& plan, const RenderOptions& options) : plan_(plan), options_(options) {}

    std::string action(const Action& one)
    {
        head(one, style_of(one.verb));
        for (const FieldChange& change : one.changes)
            field(one, change);
        return std::move(text_);
    }

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
        text_ += "  " + paint(style.colour,
                              std::string(style.sign) + " " + printable(action.address.text()));
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
                     printable(action.file) + ":" + std::to_string(place.line) + ":" +
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
            text = std::string(head_of(text, options_.value_chars_max)) + "... (" +
                   std::to_string(text.size()) + " characters)";
        return text;
    }

    void prunable()
    {
        if (plan_.prunable.empty())
            return;
        text_ += "Ours and no longer declared; --prune would delete:\n";
        for (const Action& action : plan_.prunable)
            text_ += "  " + paint("\x1b[2m", "- " + printable(action.address.text())) + "\n";
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
                text_ += "  ? " + printable(action.address.text()) + " " + printable(path) + "\n";
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

std::string render_action(const Action& action, const RenderOptions& options)
{
    const Plan none;
    return TextRenderer(none, options).action(action);
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
