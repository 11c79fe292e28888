package demo

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"net/mail"
)

// signed wraps an entity in multipart/signed with an S/MIME signature (RFC 8551 section 3.5.3) by a certificate made on the
// spot: a good signature by someone whom nobody has reason to trust.
func (l *letter) signed(e *entity) (*entity, error) {
	from, err := mail.ParseAddress(l.get("From"))
	if err != nil {
		return nil, err
	}
	signature, err := l.detachedSignature(e.message(), from)
	if err != nil {
		return nil, fmt.Errorf("signature: %w", err)
	}
	s := &entity{body: base64Lines(signature)}
	s.set("Content-Type", `application/pkcs7-signature; name="smime.p7s"`)
	s.set("Content-Disposition", `attachment; filename="smime.p7s"`)
	s.set("Content-Transfer-Encoding", "base64")
	return l.multipart("signed", map[string]string{"protocol": "application/pkcs7-signature", "micalg": "sha-256"}, e, s), nil
}

var (
	oidSignedData      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidData            = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidSHA256          = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	oidECDSAWithSHA256 = asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}
)

// What follows is the part of CMS (RFC 5652) that a detached signature needs.
type contentInfo struct {
	Type    asn1.ObjectIdentifier
	Content signedData `asn1:"explicit,tag:0"`
}

type signedData struct {
	Version      int
	Digests      []pkix.AlgorithmIdentifier `asn1:"set"`
	Content      encapsulated
	Certificates asn1.RawValue
	Signers      []signerInfo `asn1:"set"`
}

type encapsulated struct{ Type asn1.ObjectIdentifier }

type signerInfo struct {
	Version   int
	Signer    issuerAndSerial
	Digest    pkix.AlgorithmIdentifier
	Algorithm pkix.AlgorithmIdentifier
	Signature []byte
}

type issuerAndSerial struct {
	Issuer asn1.RawValue
	Serial *big.Int
}

func (l *letter) detachedSignature(content []byte, from *mail.Address) ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber:   big.NewInt(l.date.UnixNano()),
		Subject:        pkix.Name{CommonName: from.Name},
		EmailAddresses: []string{from.Address},
		NotBefore:      l.date.AddDate(-1, 0, 0),
		NotAfter:       l.date.AddDate(1, 0, 0),
		KeyUsage:       x509.KeyUsageDigitalSignature,
		ExtKeyUsage:    []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection},
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParseCertificate(certificate)
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(content)
	signature, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
	if err != nil {
		return nil, err
	}
	sha := pkix.AlgorithmIdentifier{Algorithm: oidSHA256}
	return asn1.Marshal(contentInfo{oidSignedData, signedData{
		Version:      1,
		Digests:      []pkix.AlgorithmIdentifier{sha},
		Content:      encapsulated{oidData},
		Certificates: asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: certificate},
		Signers: []signerInfo{{
			Version:   1,
			Signer:    issuerAndSerial{asn1.RawValue{FullBytes: parsed.RawIssuer}, parsed.SerialNumber},
			Digest:    sha,
			Algorithm: pkix.AlgorithmIdentifier{Algorithm: oidECDSAWithSHA256},
			Signature: signature,
		}},
	}})
}
