#include "state/model/secret.hpp"

#include "state/model/digest.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include <array>

namespace trueup {

namespace {

std::string hex(const unsigned char* bytes, std::size_t size)
{
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    text.reserve(size * 2);
    for (std::size_t i = 0; i < size; ++i) {
        text += digits[bytes[i] >> 4];
        text += digits[bytes[i] & 0x0F];
    }
    return text;
}

// Fetched once: looking the algorithm up costs as much as hashing a short text.
const EVP_MD* sha256()
{
    static const EVP_MD* const fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    return fetched != nullptr ? fetched : EVP_sha256();
}

} // namespace

void wipe(std::string& text)
{
    // resize first: the buffer may be larger than the text that is in it now.
    text.resize(text.capacity());
    explicit_bzero(text.data(), text.size());
    text.clear();
}

SecretText::~SecretText()
{
    wipe(text_);
}

Secret::Secret(std::string text, std::string hash, std::string source, SecretForm form)
    : text_(std::make_shared<const SecretText>(std::move(text), form)),
      hash_(std::move(hash)),
      source_(std::move(source))
{
}

Secret Secret::remembered(std::string hash)
{
    Secret secret;
    secret.hash_ = std::move(hash);
    return secret;
}

std::string_view Secret::reveal() const
{
    return text_ ? text_->view() : std::string_view{};
}

SecretHasher::SecretHasher(std::string key)
    : key_(key.empty() ? nullptr : std::make_shared<const SecretText>(std::move(key)))
{
}

std::string SecretHasher::hash(std::string_view text) const
{
    if (!key_)
        return {};
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    const std::string_view key = key_->view();
    // HMAC takes unsigned bytes; the characters are the same bytes.
    HMAC(EVP_sha256(),
         key.data(),
         static_cast<int>(key.size()),
         reinterpret_cast<const unsigned char*>(text.data()),
         text.size(),
         digest.data(),
         &size);
    return hex(digest.data(), size);
}

Secret SecretHasher::make(std::string text, std::string source, SecretForm form) const
{
    std::string digest = hash(text);
    return {std::move(text), std::move(digest), std::move(source), form};
}

std::string sha256_hex(std::string_view text)
{
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    EVP_Digest(text.data(), text.size(), digest.data(), &size, sha256(), nullptr);
    return hex(digest.data(), size);
}

struct Digest::Context {
    EVP_MD_CTX* handle = EVP_MD_CTX_new();
};

Digest::Digest() : context_(std::make_unique<Context>())
{
    EVP_DigestInit_ex(context_->handle, sha256(), nullptr);
}

Digest::~Digest()
{
    EVP_MD_CTX_free(context_->handle);
}

void Digest::add(std::string_view part)
{
    EVP_DigestUpdate(context_->handle, part.data(), part.size());
}

std::string Digest::hex()
{
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    EVP_DigestFinal_ex(context_->handle, digest.data(), &size);
    return trueup::hex(digest.data(), size);
}

} // namespace trueup
