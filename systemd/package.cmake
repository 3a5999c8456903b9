# What is installed where, and the Debian package: "cmake --build --preset release --target deb" leaves it in the build folder.
# The lines of debian/ are those that debhelper would write for a daemon that is not started before it is configured.
if(NOT TARGET trueup)
    return()
endif()
include(GNUInstallDirs)
set(debian ${CMAKE_CURRENT_LIST_DIR}/debian)
set(staged ${CMAKE_BINARY_DIR}/package)
file(MAKE_DIRECTORY ${staged})

# Debian wants manual pages and changelogs packed as small as can be, and without a time in them.
find_program(GZIP gzip REQUIRED)
set(packed "")
foreach(pair docs/man/trueup.1:trueup.1 docs/man/trueup.yaml.5:trueup.yaml.5 systemd/debian/changelog:changelog.Debian)
    string(REPLACE ":" ";" pair ${pair})
    list(GET pair 0 source)
    list(GET pair 1 name)
    add_custom_command(OUTPUT ${staged}/${name}.gz
        COMMAND ${GZIP} -9nc ${CMAKE_SOURCE_DIR}/${source} > ${staged}/${name}.gz
        DEPENDS ${CMAKE_SOURCE_DIR}/${source} VERBATIM)
    list(APPEND packed ${staged}/${name}.gz)
endforeach()
foreach(shell bash zsh fish)
    add_custom_command(OUTPUT ${staged}/completion.${shell}
        COMMAND trueup completion ${shell} > ${staged}/completion.${shell}
        DEPENDS trueup VERBATIM)
    list(APPEND packed ${staged}/completion.${shell})
endforeach()
add_custom_target(staged ALL DEPENDS ${packed})

set(data ${CMAKE_INSTALL_DATADIR})
install(TARGETS trueup RUNTIME DESTINATION bin)
file(GLOB units CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/*.service ${CMAKE_CURRENT_LIST_DIR}/*.socket)
install(FILES ${units} DESTINATION lib/systemd/system)
install(FILES ${CMAKE_CURRENT_LIST_DIR}/trueup.sysusers DESTINATION lib/sysusers.d RENAME trueup.conf)
install(FILES ${CMAKE_CURRENT_LIST_DIR}/trueup.tmpfiles DESTINATION lib/tmpfiles.d RENAME trueup.conf)
install(FILES ${CMAKE_CURRENT_LIST_DIR}/trueup.yaml DESTINATION /etc/trueup)
install(FILES ${staged}/trueup.1.gz DESTINATION ${data}/man/man1)
install(FILES ${staged}/trueup.yaml.5.gz DESTINATION ${data}/man/man5)
install(FILES ${staged}/completion.bash DESTINATION ${data}/bash-completion/completions RENAME trueup)
install(FILES ${staged}/completion.zsh DESTINATION ${data}/zsh/vendor-completions RENAME _trueup)
install(FILES ${staged}/completion.fish DESTINATION ${data}/fish/vendor_completions.d RENAME trueup.fish)
install(FILES README.md ${staged}/changelog.Debian.gz ${debian}/copyright DESTINATION ${data}/doc/trueup)
# The pages refer to each other by these paths.
file(GLOB pages CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/docs/*.md)
list(FILTER pages EXCLUDE REGEX "/(architecture|testing)\\.md$")
install(FILES ${pages} DESTINATION ${data}/doc/trueup/docs)
install(DIRECTORY manifests/examples/ DESTINATION ${data}/doc/trueup/examples/manifests)
install(FILES ${CMAKE_CURRENT_LIST_DIR}/trueup.env.example DESTINATION ${data}/doc/trueup/examples RENAME trueup.env)
install(FILES ${debian}/lintian-overrides DESTINATION ${data}/lintian/overrides RENAME trueup)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME trueup)
set(CPACK_PACKAGE_CONTACT "trueup maintainers <maintainers@trueup.invalid>")
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_BINARY_DIR})
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS
    "init-system-helpers (>= 1.62), systemd | systemd-standalone-sysusers, systemd | systemd-standalone-tmpfiles")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "ca-certificates, systemd")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "git, openssh-client")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "makes a REST API match a directory of YAML manifests
trueup reads what should exist, asks the API what does exist, shows the
difference, and makes it so: once, from the command line or in CI, or for as
long as its daemon runs. It remembers what it owns, survives a crash at any
instant, and deletes nothing that it was not asked to delete.

Its first API is Spectro Cloud Palette. The resources that it knows are data,
so that another API needs a file and no code.")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION TRUE)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${debian}/postinst ${debian}/prerm ${debian}/postrm ${debian}/conffiles)
include(CPack)

add_custom_target(deb
    COMMAND ${CMAKE_CPACK_COMMAND} --config ${CMAKE_BINARY_DIR}/CPackConfig.cmake
    DEPENDS trueup staged WORKING_DIRECTORY ${CMAKE_BINARY_DIR} VERBATIM)
