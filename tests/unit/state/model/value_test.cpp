#include "state/model/value.hpp"

#include <doctest/doctest.h>

using namespace trueup;

namespace {

std::vector<std::string> keys_of(const Map& map)
{
    std::vector<std::string> keys;
    for (const auto& [key, value] : map)
        keys.push_back(key);
    return keys;
}

} // namespace

TEST_SUITE("model: value")
{
    TEST_CASE("decimal: equality is that of the numbers, not of their texts")
    {
        const std::pair<std::string, std::string> equal[] = {{"1.0", "1.00"},
                                                             {"1e0", "1.0"},
                                                             {"1E3", "1000.0"},
                                                             {"0.5", "5e-1"},
                                                             {"-0.0", "0"},
                                                             {"123.4500", "12345e-2"},
                                                             {"1e+2", "1e2"}};
        for (const auto& pair : equal) {
            CAPTURE(pair.first);
            CHECK(Decimal(pair.first) == Decimal(pair.second));
        }
        CHECK_FALSE(Decimal("1.1") == Decimal("1.10001"));
        CHECK_FALSE(Decimal("1") == Decimal("-1"));
        CHECK_FALSE(Decimal("1e400") == Decimal("1e401"));
        CHECK_FALSE(Decimal("1e-99999999999999999999") == Decimal("1"));
    }

    TEST_CASE("map: keys stay sorted and single, however they are put in")
    {
        Map map{{"m", 1}, {"z", 2}, {"a", 3}};
        map.set("z", 4);
        map["b"] = 5;
        map.append("n", 6);
        map.append("zz", 7);

        CHECK(keys_of(map) == std::vector<std::string>{"a", "b", "m", "n", "z", "zz"});
        CHECK(*map.find("z") == Value(4));
        CHECK(map.find("y") == nullptr);
        CHECK(map.erase("m"));
        CHECK_FALSE(map.erase("m"));
        CHECK(map.size() == 5);
        CHECK(map["new"].is_null());
    }

    TEST_CASE("map: equality does not depend on the order of insertion")
    {
        CHECK(Map{{"a", 1}, {"b", 2}} == Map{{"b", 2}, {"a", 1}});
        CHECK_FALSE(Map{{"a", 1}} == Map{{"a", 1}, {"b", nullptr}});
    }

    TEST_CASE("value: equality ignores places and tells the types apart")
    {
        Value here("x");
        here.set_place({3, 4});

        CHECK(here == Value("x"));
        CHECK_FALSE(Value(1) == Value("1"));
        CHECK_FALSE(Value(1) == Value(true));
        CHECK_FALSE(Value(nullptr) == Value(""));
        CHECK_FALSE(Value(Map{}) == Value(List{}));
        CHECK_FALSE(Value(Map{}) == Value(nullptr));
    }

    TEST_CASE("value: the word for its type is what a message would say")
    {
        CHECK(Value().type_name() == "null");
        CHECK(Value(true).type_name() == "boolean");
        CHECK(Value(1).type_name() == "integer");
        CHECK(Value(Decimal("1.5")).type_name() == "number");
        CHECK(Value("x").type_name() == "string");
        CHECK(Value(List{}).type_name() == "list");
        CHECK(Value(Map{}).type_name() == "map");
        CHECK(Value(Unknown{"A/tenant/b", "", nullptr}).type_name() == "unknown");
        CHECK(Value(Secret("x", "", "literal")).type_name() == "secret");
    }

    TEST_CASE("value: secrets and unknowns are found however deep they are")
    {
        const Value unknown(Map{{"a", List{1, Map{{"b", Unknown{"X/tenant/y", "", nullptr}}}}}});
        const Value secret(List{List{Secret("x", "", "literal")}});

        CHECK(contains_unknown(unknown));
        CHECK_FALSE(contains_secret(unknown));
        CHECK(contains_secret(secret));
        CHECK_FALSE(contains_unknown(secret));
    }

    TEST_CASE("unknown: two are equal when they wait for the same thing")
    {
        const auto lookup = [](const char* name) {
            auto made = std::make_shared<Lookup>();
            made->kind = "Pack";
            made->criteria = Map{{"name", name}};
            return Value(Unknown{"", "", made});
        };

        CHECK(lookup("k8s") == lookup("k8s"));
        CHECK_FALSE(lookup("k8s") == lookup("cni"));
        CHECK_FALSE(lookup("k8s") == Value(Unknown{"", "", nullptr}));
        CHECK(Value(Unknown{"A/tenant/b", "", nullptr}) ==
              Value(Unknown{"A/tenant/b", "", nullptr}));
        CHECK_FALSE(Value(Unknown{"A/tenant/b", "x", nullptr}) ==
                    Value(Unknown{"A/tenant/b", "", nullptr}));
    }
}

TEST_SUITE("model: secret")
{
    TEST_CASE("hash: the keyed hash of RFC 4231, test case 2")
    {
        CHECK(SecretHasher("Jefe").hash("what do ya want for nothing?") ==
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        CHECK(sha256_hex("abc") ==
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    TEST_CASE("equality: by hash, and never without one")
    {
        const SecretHasher hasher("key");

        CHECK(hasher.make("a", "env:X") == hasher.make("a", "file:y"));
        CHECK_FALSE(hasher.make("a", "env:X") == hasher.make("b", "env:X"));
        CHECK(hasher.make("a", "env:X") == Secret::remembered(hasher.hash("a")));
        CHECK_FALSE(SecretHasher().make("a", "x") == SecretHasher().make("a", "x"));
        CHECK_FALSE(hasher.make("a", "x") == SecretHasher("other").make("a", "x"));
    }

    TEST_CASE("reveal: gives the text, and nothing for a secret that is only remembered")
    {
        const Secret secret("hunter2", "h", "env:X");

        CHECK(secret.has_text());
        CHECK(secret.reveal() == "hunter2");
        CHECK(secret.source() == "env:X");
        CHECK_FALSE(Secret::remembered("h").has_text());
        CHECK(Secret::remembered("h").reveal().empty());
    }

    TEST_CASE("wipe: overwrites what was in the buffer")
    {
        std::string text = "a password that is too long to be stored inside";
        const char* buffer = text.data();

        wipe(text);

        CHECK(text.empty());
        CHECK(std::string_view(buffer, 10) == std::string_view("\0\0\0\0\0\0\0\0\0\0", 10));
    }
}
