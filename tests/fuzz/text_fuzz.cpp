// The small texts that people, files and servers write: addresses, paths, durations, times,
// percent-encoding, the headers Retry-After and Link, messages for people.
//
// What was understood is written back as something that means the same.

#include "api/http/stream.hpp"
#include "api/rest/errors.hpp"
#include "api/rest/paginator.hpp"
#include "api/rest/retry.hpp"
#include "reconciler/plan/normalise.hpp"
#include "state/model/address.hpp"
#include "state/model/clock.hpp"
#include "state/model/path.hpp"
#include "state/model/utf8.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace trueup;
using namespace trueup::fuzz;

namespace {

constexpr WallTime now{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1}};

void check_address(std::string_view text)
{
    const auto address = Address::parse(text);
    if (!address)
        return;
    const auto again = Address::parse(address->text());
    must(again.has_value(), "an address can be read back: " + address->text());
    must(*again == *address && again->kind() == address->kind() &&
             again->project() == address->project() && again->name() == address->name(),
         "an address stays the same: " + address->text());
}

void check_path(std::string_view text)
{
    const auto path = Path::parse(text);
    if (!path)
        return;
    const auto again = Path::parse(path->text());
    must(again.has_value(), "a path can be read back: " + path->text());
    must(*again == *path, "a path stays the same: " + path->text());
    Value root;
    put(root, *path, Value("here"));
    const Value* found = find(root, *path);
    must(found != nullptr && *found == Value("here"), "what was put at a path is there");
    must(path->is_root() || erase(root, *path), "what is at a path can be removed");
}

void check_escapes(std::string_view text)
{
    const auto plain = percent_decode(percent_encode(text));
    must(plain.has_value() && *plain == text, "percent-encoding can be undone");
    (void)percent_decode(text).has_value();
}

void check_duration(std::string_view text)
{
    const auto duration = parse_duration(text);
    if (duration)
        must(*duration >= Duration::zero() && *duration <= std::chrono::hours(24 * 3650),
             "a duration is bounded");
}

void check_time(std::string_view text)
{
    const auto time = parse_time(text);
    if (!time)
        return;
    const auto again = parse_time(format_time(*time));
    must(again.has_value() && *again == *time, "a time stays the same: " + format_time(*time));
}

void check_retry_after(std::string_view text)
{
    const auto wait = rest::parse_retry_after(text, now);
    if (wait)
        must(*wait > std::chrono::milliseconds::zero() && *wait <= std::chrono::years(100),
             "a wait is bounded");
}

void check_link(std::string_view text)
{
    Paging paging;
    paging.style = PageStyle::link;
    rest::Paginator pages(paging, "/v1/things");
    const bool taken = pages.accept(Value(Map{}), text, 1).has_value();
    const auto next = pages.next();
    must(taken || !pages.proves_absence(), "a walk that failed proves nothing");
    if (taken && next && next->link)
        must(next->link->find_first_of(" \r\n#") == std::string::npos,
             "a link is a query and nothing else: " + *next->link);
}

void check_origin(std::string_view text)
{
    const auto origin = parse_origin(text);
    if (!origin)
        return;
    const auto again = parse_origin(origin->text());
    must(again.has_value() && *again == *origin, "an origin stays the same: " + origin->text());
}

void check_printable(std::string_view text)
{
    constexpr std::size_t bytes_max = 40;
    const bool is_text = valid_utf8(text) == text.size();
    const std::string shown = rest::printable(text, bytes_max);
    for (const char c : shown)
        must(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F, "no control character is shown");
    must(!is_text || valid_utf8(shown) == shown.size(), "what was UTF-8 stays UTF-8");
    must(!is_text || shown.size() <= bytes_max + 16, "what is shown is short");
}

void check_normal_forms(std::string_view text)
{
    const Value value(text);
    for (const Normaliser how : {Normaliser::trim,
                                 Normaliser::lower_case,
                                 Normaliser::number,
                                 Normaliser::quantity,
                                 Normaliser::time,
                                 Normaliser::embedded_yaml,
                                 Normaliser::embedded_json}) {
        Field field;
        field.normalise = {how};
        const Value normal = normalised(field, value);
        must(normal == normalised(field, value), "a normal form is one form");
        must(same(field, &value, &value), "a value means what it says");
    }
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    std::string_view text = text_of(data, size);
    constexpr void (*checks[])(std::string_view) = {check_address,
                                                    check_path,
                                                    check_escapes,
                                                    check_duration,
                                                    check_time,
                                                    check_retry_after,
                                                    check_link,
                                                    check_origin,
                                                    check_printable,
                                                    check_normal_forms};
    const std::size_t choice = take_choice(text, std::size(checks));
    checks[choice](text);
    return 0;
}
