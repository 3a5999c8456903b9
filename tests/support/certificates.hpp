// Makes certificates for tests: authorities, servers, clients; good ones and bad ones.

#pragma once

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace trueup {

// A certificate with its key, both as PEM.
struct Identity {
    std::string certificate;
    std::string key;
};

struct CertificateWish {
    std::string name = "test";
    std::string alt_names; // as OpenSSL writes them: "DNS:localhost,IP:127.0.0.1"
    bool authority = false;
    long valid_from_seconds = -3600; // from now
    long valid_until_seconds = 24L * 3600;
};

namespace certificates {

template <class T, void (*Free)(T*)>
struct Freed {
    void operator()(T* object) const { Free(object); }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY, EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509, X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION, X509_EXTENSION_free>>;
using Bio = std::unique_ptr<BIO, Freed<BIO, BIO_free_all>>;

inline void check(bool good)
{
    if (!good)
        throw std::runtime_error("OpenSSL could not make a certificate");
}

inline std::string text_of(BIO* bio)
{
    char* data = nullptr;
    const long size = BIO_ctrl(bio, BIO_CTRL_INFO, 0, static_cast<void*>(&data));
    return {data, static_cast<std::size_t>(size)};
}

inline Bio reader(const std::string& pem)
{
    return Bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

inline void extend(X509* certificate, X509* issuer, int kind, const std::string& value)
{
    X509V3_CTX context{};
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
    check(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1);
}

inline void name(X509* certificate, const std::string& common_name)
{
    check(X509_NAME_add_entry_by_NID(X509_get_subject_name(certificate),
                                     NID_commonName,
                                     MBSTRING_UTF8,
                                     reinterpret_cast<const unsigned char*>(common_name.data()),
                                     static_cast<int>(common_name.size()),
                                     -1,
                                     0) == 1);
}

} // namespace certificates

// A new certificate, signed by `issuer`, or by itself when that is null.
inline Identity make_identity(const CertificateWish& wish, const Identity* issuer = nullptr)
{
    using namespace certificates;
    static long serial = 1;
    const Key key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
    const Certificate certificate(X509_new());
    check(key != nullptr && certificate != nullptr);
    X509* raw = certificate.get();
    X509_set_version(raw, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(raw), serial++);
    X509_gmtime_adj(X509_getm_notBefore(raw), wish.valid_from_seconds);
    X509_gmtime_adj(X509_getm_notAfter(raw), wish.valid_until_seconds);
    X509_set_pubkey(raw, key.get());
    name(raw, wish.name);

    Certificate parent;
    Key parent_key;
    if (issuer != nullptr) {
        const Bio certificate_bio = reader(issuer->certificate);
        const Bio key_bio = reader(issuer->key);
        parent.reset(PEM_read_bio_X509(certificate_bio.get(), nullptr, nullptr, nullptr));
        parent_key.reset(PEM_read_bio_PrivateKey(key_bio.get(), nullptr, nullptr, nullptr));
        check(parent != nullptr && parent_key != nullptr);
    }
    X509* signer = parent ? parent.get() : raw;
    X509_set_issuer_name(raw, X509_get_subject_name(signer));
    extend(raw, signer, NID_basic_constraints, wish.authority ? "critical,CA:TRUE" : "CA:FALSE");
    extend(raw, signer, NID_subject_key_identifier, "hash");
    if (!wish.alt_names.empty())
        extend(raw, signer, NID_subject_alt_name, wish.alt_names);
    check(X509_sign(raw, parent_key ? parent_key.get() : key.get(), EVP_sha256()) != 0);

    const Bio certificate_out(BIO_new(BIO_s_mem()));
    const Bio key_out(BIO_new(BIO_s_mem()));
    check(PEM_write_bio_X509(certificate_out.get(), raw) == 1);
    check(PEM_write_bio_PrivateKey(
              key_out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
    return {text_of(certificate_out.get()), text_of(key_out.get())};
}

} // namespace trueup
