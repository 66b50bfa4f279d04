;; Guix: `guix install -f emacs-agent-backend.scm`. `npm run release` fills in version and hashes.
(use-modules (guix packages)
             (guix download)
             (guix base16)
             ((guix licenses) #:prefix license:)
             (nonguix build-system binary)
             (gnu packages base)
             (gnu packages gcc))

(package
  (name "emacs-agent-backend")
  (version "@VERSION@")
  (source
   (origin
     (method url-fetch)
     (uri (string-append "@URL@/v" version
                         "/emacs-agent-backend-" version "-linux-x64.tar.xz"))
     (sha256 (base16-string->bytevector "@SHA256:linux-x64@"))))
  (build-system binary-build-system)
  (arguments
   (list #:strip-binaries? #f           ;the program stands behind the runtime
         #:patchelf-plan #~'(("bin/emacs-agent-backend" ("glibc")))
         #:install-plan #~'(("bin" "bin") ("share" "share"))))
  (inputs (list glibc))
  (supported-systems '("x86_64-linux"))
  (home-page "https://github.com/emacs-agent/emacs-agent-backend")
  (synopsis "Agent engine for Emacs")
  (description "One executable that Emacs starts: it runs the agent loop with
language models, gives them tools, and asks before anything changes.")
  (license license:expat))
