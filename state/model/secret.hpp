// A value that must never be printed: it can be sent to the API, and compared by keyed hash.
//
// The text is wiped from memory when the last copy goes. There is no conversion to string and no
// stream operator, so that logging one does not compile; reveal() is the only way out and is called
// only where a request body is written.

#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace trueup {

// What the text of a secret is.
enum class SecretForm {
    text, // a string
    json, // a number or a boolean, as JSON writes it
};

// Owns characters and overwrites them on destruction.
class SecretText {
public:
    explicit SecretText(std::string text, SecretForm form = SecretForm::text)
        : text_(std::move(text)), form_(form)
    {
    }
    SecretText(const SecretText&) = delete;
    SecretText& operator=(const SecretText&) = delete;
    ~SecretText();

    std::string_view view() const { return text_; }
    SecretForm form() const { return form_; }

private:
    std::string text_;
    SecretForm form_;
};

// Overwrites the characters of `text` and empties it.
void wipe(std::string& text);

class Secret {
public:
    // A secret whose text is at hand. `source` says where it came from ("file:/run/x"), never what
    // it is.
    Secret(std::string text,
           std::string hash,
           std::string source,
           SecretForm form = SecretForm::text);
    // A secret that is only remembered by its hash.
    static Secret remembered(std::string hash);

    // False for a secret that is only remembered.
    bool has_text() const { return text_ != nullptr; }
    // The text itself, for a request body. Empty when only the hash is known.
    std::string_view reveal() const;
    // How the text goes into a request body.
    SecretForm form() const { return text_ ? text_->form() : SecretForm::text; }
    // Hex of the keyed hash; "" when no key was at hand.
    const std::string& hash() const { return hash_; }
    const std::string& source() const { return source_; }

    // Two secrets are equal when their hashes are, and neither hash is missing.
    bool operator==(const Secret& other) const { return !hash_.empty() && hash_ == other.hash_; }

private:
    Secret() = default;

    std::shared_ptr<const SecretText> text_;
    std::string hash_;
    std::string source_;
};

// Makes the keyed hashes by which secrets are compared. The key lives beside the state (mode 0600).
class SecretHasher {
public:
    // An empty key makes every hash empty: nothing can be compared, and nothing is claimed.
    explicit SecretHasher(std::string key = {});

    // Hex HMAC-SHA256 of the text, or "" without a key.
    std::string hash(std::string_view text) const;
    Secret make(std::string text, std::string source, SecretForm form = SecretForm::text) const;

private:
    std::shared_ptr<const SecretText> key_;
};

// Hex SHA-256, for digests and marks of things that are not secret.
std::string sha256_hex(std::string_view text);

} // namespace trueup
