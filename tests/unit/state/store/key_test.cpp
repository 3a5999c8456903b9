#include "tests/unit/state/store/store_fixture.hpp"

#include <sys/stat.h>

#include <set>

namespace trueup {

namespace {

TEST_SUITE("state: key of the secret hashes")
{
    TEST_CASE("a key is made once, private, and read again")
    {
        const TempDir directory;
        const std::filesystem::path state = directory / ".trueup/state.db";

        const auto made = load_secret_key(state, true);
        const auto read = load_secret_key(state, false);

        REQUIRE(made);
        REQUIRE(read);
        CHECK(made->size() == 32);
        CHECK(*made == *read);
        CHECK(*load_secret_key(state, true) == *made);
        struct stat status {};
        REQUIRE(::stat((directory / ".trueup/secrets.key").c_str(), &status) == 0);
        CHECK((status.st_mode & 07777U) == 0600);
        CHECK(names_in(directory / ".trueup") == std::vector<std::string>{"secrets.key"});
    }

    TEST_CASE("each key is another")
    {
        std::set<std::string> keys;
        for (int i = 0; i < 8; ++i) {
            const TempDir directory;
            keys.insert(*load_secret_key(directory / "state.db", true));
        }
        CHECK(keys.size() == 8);
    }

    TEST_CASE("without a key and without the wish to make one there is none")
    {
        const TempDir directory;
        const auto key = load_secret_key(directory / "state.db", false);
        REQUIRE(key);
        CHECK(key->empty());
        CHECK(names_in(directory.path()).empty());
    }

    TEST_CASE("a key that is not as it should be is refused and left alone")
    {
        const TempDir directory;
        const std::filesystem::path state = directory / "state.db";
        const std::filesystem::path key = directory / "secrets.key";
        const auto check_refused = [&](const std::string& words) {
            for (const bool create : {false, true}) {
                const auto refused = load_secret_key(state, create);
                REQUIRE_FALSE(refused);
                CAPTURE(refused.error().text());
                CHECK(refused.error().code == Errc::store_failed);
                CHECK(refused.error().text().find(words) != std::string::npos);
            }
        };
        for (const std::size_t size : {0U, 31U, 33U, 5000U}) {
            write_bytes(key, std::string(size, 'k'));
            ::chmod(key.c_str(), 0600);
            check_refused("not 32 bytes");
            CHECK(bytes_of(key).size() == size);
        }
        write_bytes(key, std::string(32, 'k'));
        ::chmod(key.c_str(), 0644);
        check_refused("chmod 600 " + key.string());

        const std::filesystem::path real = directory / "elsewhere";
        std::filesystem::rename(key, real);
        std::filesystem::create_symlink(real, key);
        check_refused("symbolic link");

        std::filesystem::remove(key);
        std::filesystem::create_directory(key);
        check_refused("not a regular file");

        std::filesystem::remove(key);
        REQUIRE(::mkfifo(key.c_str(), 0600) == 0);
        check_refused("not a regular file");
    }
}

} // namespace

} // namespace trueup
