#include "state/model/address.hpp"

namespace trueup {

namespace {

bool is_safe(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-._~@:+=").find(c) != std::string_view::npos;
}

int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

} // namespace

std::string percent_encode(std::string_view text, std::string_view also)
{
    static constexpr std::string_view digits = "0123456789ABCDEF";
    std::string encoded;
    encoded.reserve(text.size());
    for (const char c : text) {
        if (is_safe(c) && also.find(c) == std::string_view::npos) {
            encoded += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        encoded += '%';
        encoded += digits[byte >> 4];
        encoded += digits[byte & 0x0F];
    }
    return encoded;
}

Result<std::string> percent_decode(std::string_view text)
{
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            decoded += text[i];
            continue;
        }
        const int high = i + 1 < text.size() ? hex_digit(text[i + 1]) : -1;
        const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
        if (high < 0 || low < 0)
            return Error{Errc::invalid_input,
                         "bad percent escape in \"" + std::string(text) + "\""};
        decoded += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return decoded;
}

namespace {

// A key as people may write it, in the form that the constructor gives it: everything is encoded
// that has to be, and only that. A bare @ separates the parts of a key, an encoded one belongs to a
// part.
Result<std::string> canonical_name(std::string_view text)
{
    std::string name;
    for (std::size_t start = 0; start <= text.size();) {
        const std::size_t end = std::min(text.find('@', start), text.size());
        const auto part = percent_decode(text.substr(start, end - start));
        if (!part)
            return part.error();
        name += (start == 0 ? "" : "@") + percent_encode(*part, "@");
        start = end + 1;
    }
    return name;
}

} // namespace

Address::Address(std::string kind,
                 std::optional<std::string> project,
                 const std::vector<std::string>& key)
    : kind_(std::move(kind)), project_(std::move(project))
{
    for (const std::string& part : key) {
        // Inside a composite key the separator itself must not appear bare.
        const std::string encoded = percent_encode(part, key.size() > 1 ? "@" : "");
        name_ += (name_.empty() ? "" : "@") + encoded;
    }
    compose();
}

Result<Address> Address::parse(std::string_view text)
{
    const auto no_address = [&] {
        return Error{Errc::invalid_input,
                     "\"" + std::string(text) + "\" is not an address",
                     "",
                     "write Kind/tenant/name, Kind/PROJECT/name or Kind/tenant"};
    };
    std::vector<std::string_view> parts;
    for (std::size_t start = 0; start <= text.size();) {
        const std::size_t end = std::min(text.find('/', start), text.size());
        parts.push_back(text.substr(start, end - start));
        start = end + 1;
    }
    if (parts.size() < 2 || parts.size() > 3)
        return no_address();
    for (const std::string_view part : parts)
        if (part.empty())
            return no_address();
    Address address;
    address.kind_ = parts[0];
    if (parts[1] != "tenant") {
        const bool prefixed = parts[1] == "project:tenant";
        auto project = percent_decode(prefixed ? std::string_view("tenant") : parts[1]);
        if (!project)
            return project.error();
        address.project_ = std::move(*project);
    }
    if (parts.size() == 3) {
        auto name = canonical_name(parts[2]);
        if (!name)
            return name.error();
        address.name_ = std::move(*name);
    }
    address.compose();
    return address;
}

std::string Address::scope_text() const
{
    if (!project_)
        return "tenant";
    if (*project_ == "tenant")
        return "project:tenant";
    // What stands for the one above must not stand for a project of that very name too.
    if (*project_ == "project:tenant")
        return "project%3Atenant";
    return percent_encode(*project_);
}

void Address::compose()
{
    text_ = kind_ + "/" + scope_text();
    if (!name_.empty())
        text_ += "/" + name_;
}

} // namespace trueup
