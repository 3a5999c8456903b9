#include "state/model/yaml.hpp"

#include "state/model/utf8.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <istream>
#include <streambuf>
#include <tuple>
#include <utility>

namespace trueup::yaml {

namespace {

// Lets a stream read characters that someone else holds.
class ViewBuffer final : public std::streambuf {
public:
    explicit ViewBuffer(std::string_view text)
    {
        // The get area is declared mutable, yet only reading functions of the stream are called.
        char* begin = const_cast<char*>(text.data());
        setg(begin, begin, begin + text.size());
    }
};

// Ends the reading from inside the event handler: the fault is in the diagnostics already.
struct Stop {};

Place place_of(const YAML::Mark& mark)
{
    if (mark.is_null())
        return {};
    return {static_cast<std::uint32_t>(mark.line + 1), static_cast<std::uint32_t>(mark.column + 1)};
}

// Builds one document's Value from events. Entries and elements wait on one stack each until their
// container ends, and then move into it at its exact size.
class Builder final : public YAML::EventHandler {
public:
    Builder(const std::string& file, Diagnostics& diagnostics, const Limits& limits)
        : file_(file), diagnostics_(diagnostics), limits_(limits)
    {
    }

    // The document that was read last, and whether it may be used.
    Value take() { return std::move(root_); }
    bool is_sound() const { return sound_; }
    // Where the last scalar that is not plain starts.
    const YAML::Mark& last_quoted() const { return last_quoted_; }

    void OnDocumentStart(const YAML::Mark&) override;
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override;
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override;
    void OnScalar(const YAML::Mark& mark,
                  const std::string& tag,
                  YAML::anchor_t anchor,
                  const std::string& text) override;
    void OnSequenceStart(const YAML::Mark& mark,
                         const std::string& tag,
                         YAML::anchor_t anchor,
                         YAML::EmitterStyle::value style) override;
    void OnSequenceEnd() override;
    void OnMapStart(const YAML::Mark& mark,
                    const std::string& tag,
                    YAML::anchor_t anchor,
                    YAML::EmitterStyle::value style) override;
    void OnMapEnd() override;

private:
    struct Frame {
        std::size_t first;
        Place place;
        bool is_map;
        bool has_key;
    };

    void fault(Place place, std::string message, std::string advice = {})
    {
        diagnostics_.error(file_, place, std::move(message), std::move(advice));
        sound_ = false;
    }
    bool wants_key() const
    {
        return !frames_.empty() && frames_.back().is_map && !frames_.back().has_key;
    }
    void check(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor);
    void open(const YAML::Mark& mark, bool is_map, std::size_t first);
    void add_key(Place place, std::string key);
    void add(Place place, Value value);
    void report_duplicates(std::size_t first);

    const std::string& file_;
    Diagnostics& diagnostics_;
    const Limits& limits_;
    std::size_t nodes_ = 0;
    std::vector<Frame> frames_;
    std::vector<Map::Entry> entries_;
    std::vector<Value> elements_;
    Value root_;
    bool sound_ = true;
    int odd_key_line_ = -1; // where a list or a map stood as key
    YAML::Mark last_quoted_;
};

void Builder::OnDocumentStart(const YAML::Mark&)
{
    frames_.clear();
    entries_.clear();
    elements_.clear();
    root_ = nullptr;
    sound_ = true;
}

void Builder::check(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor)
{
    if (anchor != YAML::NullAnchor)
        fault(place_of(mark),
              "an anchor (&name) is not allowed",
              "write the value out where it is needed, or quote the text if it is meant as text");
    if (!tag.empty() && tag != "?" && tag != "!")
        fault(place_of(mark),
              "a tag (!name) is not allowed",
              "quote the text if it is meant as text");
    if (++nodes_ > limits_.nodes_max) {
        fault(place_of(mark),
              "the text holds more than " + std::to_string(limits_.nodes_max) + " values",
              "split it into several files");
        throw Stop{};
    }
}

void Builder::OnNull(const YAML::Mark& mark, YAML::anchor_t anchor)
{
    check(mark, {}, anchor);
    if (wants_key()) {
        fault(place_of(mark), "a key must be a string, not null", "quote it");
        add_key(place_of(mark), {});
    } else {
        add(place_of(mark), nullptr);
    }
}

void Builder::OnAlias(const YAML::Mark& mark, YAML::anchor_t)
{
    fault(place_of(mark),
          "an alias (*name) is not allowed",
          "write the value out where it is needed, or quote the text if it is meant as text");
    if (wants_key())
        add_key(place_of(mark), {});
    else
        add(place_of(mark), nullptr);
}

// yaml-cpp 0.7 writes the escapes \N and \_ as one byte of Latin-1. Everything else in a scalar is
// UTF-8, the text having been checked, so that a byte that is not can only be one of these.
std::string with_latin_escapes(std::string_view text)
{
    std::string mended;
    for (std::size_t valid = valid_utf8(text); valid != text.size(); valid = valid_utf8(text)) {
        mended += text.substr(0, valid);
        mended += '\xC2';
        mended += text[valid];
        text.remove_prefix(valid + 1);
    }
    return mended.append(text);
}

void Builder::OnScalar(const YAML::Mark& mark,
                       const std::string& tag,
                       YAML::anchor_t anchor,
                       const std::string& scalar)
{
    const bool has_latin = tag != "?" && valid_utf8(scalar) != scalar.size();
    const std::string mended = has_latin ? with_latin_escapes(scalar) : std::string();
    const std::string& text = has_latin ? mended : scalar;
    check(mark, tag, anchor);
    const bool plain = tag == "?";
    if (!plain)
        last_quoted_ = mark;
    if (!wants_key()) {
        add(place_of(mark), plain ? plain_scalar(text) : Value(text));
        return;
    }
    if (plain && text == "<<")
        fault(place_of(mark), "a merge key (<<) is not allowed", "write the members out");
    else if (plain && !is_plain_text(text))
        fault(place_of(mark), "a key must be a string", "quote it: \"" + text + "\"");
    add_key(place_of(mark), text);
}

void Builder::open(const YAML::Mark& mark, bool is_map, std::size_t first)
{
    // Once a line: {{ x }} and unclosed brackets would be reported at every level.
    if (wants_key() && std::exchange(odd_key_line_, mark.line) != mark.line)
        fault(place_of(mark),
              is_map ? "a key must be a string, not a map" : "a key must be a string, not a list",
              "quote text that starts with a bracket or a brace");
    if (frames_.size() >= limits_.depth_max) {
        fault(place_of(mark),
              "nested deeper than " + std::to_string(limits_.depth_max) + " levels");
        throw Stop{};
    }
    frames_.push_back({first, place_of(mark), is_map, false});
}

void Builder::OnSequenceStart(const YAML::Mark& mark,
                              const std::string& tag,
                              YAML::anchor_t anchor,
                              YAML::EmitterStyle::value)
{
    check(mark, tag, anchor);
    open(mark, false, elements_.size());
}

void Builder::OnSequenceEnd()
{
    const Frame frame = frames_.back();
    frames_.pop_back();
    const auto first = elements_.begin() + static_cast<std::ptrdiff_t>(frame.first);
    List own(std::make_move_iterator(first), std::make_move_iterator(elements_.end()));
    elements_.erase(first, elements_.end());
    add(frame.place, std::move(own));
}

void Builder::OnMapStart(const YAML::Mark& mark,
                         const std::string& tag,
                         YAML::anchor_t anchor,
                         YAML::EmitterStyle::value)
{
    check(mark, tag, anchor);
    open(mark, true, entries_.size());
}

void Builder::OnMapEnd()
{
    const Frame frame = frames_.back();
    frames_.pop_back();
    const auto first = entries_.begin() + static_cast<std::ptrdiff_t>(frame.first);
    const auto key_and_place = [](const Map::Entry& a, const Map::Entry& b) {
        const Place at = a.second.place();
        const Place bt = b.second.place();
        return std::tie(a.first, at.line, at.column) < std::tie(b.first, bt.line, bt.column);
    };
    if (!std::is_sorted(first, entries_.end(), key_and_place))
        std::sort(first, entries_.end(), key_and_place);
    report_duplicates(frame.first);
    // After a fault the entries may be no map; the document is given up, reading goes on for its
    // other faults.
    Map map;
    if (sound_)
        map = Map::from_sorted(
            {std::make_move_iterator(first), std::make_move_iterator(entries_.end())});
    entries_.erase(first, entries_.end());
    add(frame.place, std::move(map));
}

void Builder::report_duplicates(std::size_t first)
{
    for (std::size_t i = first + 1; i < entries_.size(); ++i) {
        const Map::Entry& before = entries_[i - 1];
        const Map::Entry& entry = entries_[i];
        // After a fault an empty key may stand for one that was no string.
        if (before.first == entry.first && (!entry.first.empty() || sound_))
            fault(entry.second.place(),
                  "the key \"" + entry.first + "\" is there twice",
                  "it is on line " + std::to_string(before.second.place().line) +
                      " already: keep one of them");
    }
}

void Builder::add_key(Place place, std::string key)
{
    entries_.emplace_back(std::move(key), nullptr);
    entries_.back().second.set_place(place);
    frames_.back().has_key = true;
}

void Builder::add(Place place, Value value)
{
    if (frames_.empty()) {
        value.set_place(place);
        root_ = std::move(value);
    } else if (wants_key()) {
        // A list or a map as key: reported when it was opened.
        add_key(place, {});
    } else if (frames_.back().is_map) {
        Value& member = entries_.back().second;
        value.set_place(member.place());
        member = std::move(value);
        frames_.back().has_key = false;
    } else {
        value.set_place(place);
        elements_.push_back(std::move(value));
    }
}

Place place_at(std::string_view text, std::size_t offset)
{
    const std::string_view before = text.substr(0, offset);
    const auto lines = std::ranges::count(before, '\n');
    const std::size_t line_start = before.rfind('\n') + 1; // npos + 1 is 0
    return {static_cast<std::uint32_t>(lines + 1),
            static_cast<std::uint32_t>(offset - line_start + 1)};
}

// Says what bytes the text may not hold. YAML itself allows no control characters either, and
// refusing them keeps yaml-cpp from guessing another encoding.
bool check_bytes(std::string_view text,
                 const std::string& file,
                 Diagnostics& diagnostics,
                 const Limits& limits)
{
    if (text.size() > limits.bytes_max) {
        diagnostics.error(file,
                          {},
                          "the text has " + std::to_string(text.size()) + " bytes, more than " +
                              std::to_string(limits.bytes_max),
                          "split it into several files");
        return false;
    }
    if (const std::size_t valid = valid_utf8(text); valid != text.size()) {
        diagnostics.error(
            file, place_at(text, valid), "this is not UTF-8", "save the file in UTF-8");
        return false;
    }
    const auto control = std::ranges::find_if(text, [](char c) {
        return static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' && c != '\r';
    });
    if (control != text.end()) {
        diagnostics.error(file,
                          place_at(text, static_cast<std::size_t>(control - text.begin())),
                          "a control character is not allowed",
                          "write it as an escape in double quotes, such as \"\\x07\"");
        return false;
    }
    return true;
}

// True when the quotes that open at `start` are closed. yaml-cpp takes the end of the text for the
// end of the quotes, so that a file that was cut would be read as a whole one.
bool is_closed(std::string_view text, std::size_t start)
{
    const char quote = start < text.size() ? text[start] : ' ';
    if (quote != '"' && quote != '\'')
        return true;
    for (std::size_t i = start + 1; i < text.size(); ++i) {
        if (quote == '"' && text[i] == '\\')
            ++i;
        else if (text[i] == quote && quote == '\'' && text.substr(i + 1).starts_with(quote))
            ++i;
        else if (text[i] == quote)
            return true;
    }
    return false;
}

// yaml-cpp's words, without what some messages append: it may be a piece of a password that was not
// quoted.
std::string reason_of(const YAML::Exception& failure)
{
    return "not YAML: " + failure.msg.substr(0, failure.msg.find(": "));
}

} // namespace

std::vector<Value> parse(std::string_view text,
                         const std::string& file,
                         Diagnostics& diagnostics,
                         const Limits& limits)
{
    std::vector<Value> documents;
    text = without_bom(text);
    if (!check_bytes(text, file, diagnostics, limits))
        return documents;
    ViewBuffer buffer(text);
    std::istream stream(&buffer);
    Builder builder(file, diagnostics, limits);
    try {
        YAML::Parser parser(stream);
        while (parser.HandleNextDocument(builder)) {
            Value document = builder.take();
            if (builder.is_sound() && !document.is_null())
                documents.push_back(std::move(document));
        }
        const YAML::Mark& last = builder.last_quoted();
        if (!is_closed(text, static_cast<std::size_t>(last.pos))) {
            diagnostics.error(file,
                              place_of(last),
                              "not YAML: the quotes that open here are never closed",
                              "close them; is the file cut?");
            // They reach to the end of the text, so they are in its last document.
            if (builder.is_sound() && !documents.empty())
                documents.pop_back();
        }
    } catch (const Stop&) {
        // In the diagnostics already.
    } catch (const YAML::Exception& failure) {
        diagnostics.error(file, place_of(failure.mark), reason_of(failure));
    } catch (const std::exception&) {
        diagnostics.error(file, {}, "not YAML: the parser gave up on it");
    }
    return documents;
}

} // namespace trueup::yaml
