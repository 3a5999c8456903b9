#include "api/sandbox/page_token.hpp"

#include "state/model/json.hpp"
#include "state/model/secret.hpp"

#include <openssl/evp.h>

namespace trueup::sandbox {

namespace {

constexpr std::size_t token_bytes_max = 4096;
constexpr std::size_t digest_digits = 16;

const unsigned char* bytes_of(const std::string& text)
{
    return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* bytes_of(std::string& text)
{
    return reinterpret_cast<unsigned char*>(text.data());
}

std::string encode_base64(const std::string& text)
{
    std::string encoded((text.size() + 2) / 3 * 4 + 1, '\0');
    const int length =
        EVP_EncodeBlock(bytes_of(encoded), bytes_of(text), static_cast<int>(text.size()));
    encoded.resize(static_cast<std::size_t>(length));
    return encoded;
}

std::optional<std::string> decode_base64(const std::string& encoded)
{
    if (encoded.size() > token_bytes_max || encoded.size() % 4 != 0)
        return std::nullopt;
    std::string text(encoded.size() / 4 * 3 + 1, '\0');
    const int length =
        EVP_DecodeBlock(bytes_of(text), bytes_of(encoded), static_cast<int>(encoded.size()));
    if (length < 0)
        return std::nullopt;
    std::size_t size = static_cast<std::size_t>(length);
    for (std::size_t i = encoded.size(); i > 0 && encoded[i - 1] == '=' && size > 0; --i)
        --size; // padding decodes to zero bytes
    text.resize(size);
    return text;
}

std::string digest(const std::string& listing)
{
    return sha256_hex(listing).substr(0, digest_digits);
}

} // namespace

std::string make_page_token(std::size_t offset, std::size_t count, const std::string& listing)
{
    const Value token = Map{{"count", static_cast<std::int64_t>(count)},
                            {"offset", static_cast<std::int64_t>(offset)},
                            {"token", digest(listing)}};
    return encode_base64(json::write(token));
}

std::optional<std::size_t> read_page_token(const std::string& token, const std::string& listing)
{
    const auto text = decode_base64(token);
    if (!text)
        return std::nullopt;
    const auto parsed = json::parse(*text);
    const Map* map = parsed ? parsed->if_map() : nullptr;
    const Value* offset = map != nullptr ? map->find("offset") : nullptr;
    const Value* sealed = map != nullptr ? map->find("token") : nullptr;
    if (offset == nullptr || sealed == nullptr || offset->if_integer() == nullptr ||
        *offset->if_integer() < 0 || sealed->string_or_empty() != digest(listing))
        return std::nullopt;
    return static_cast<std::size_t>(*offset->if_integer());
}

} // namespace trueup::sandbox
