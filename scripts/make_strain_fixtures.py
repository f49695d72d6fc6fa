#!/usr/bin/env python3
"""Writes tests/fixtures/strain/strain.json: values of bilby, LALSimulation and SciPy, for the unit tests of simulated strain.

bilby and LALSuite (pip install bilby==2.8.2 lalsuite scipy) are independent references for the tests. hpcai-train does not link
or ship them.

  scripts/make_strain_fixtures.py [output file]
"""
import json
import logging
import pathlib
import sys

import bilby
import bilby_cython.geometry as geometry
import lal
import lalsimulation
import numpy as np
import scipy.signal
import scipy.special
from bilby.core import prior as priors

logging.getLogger("bilby").setLevel(logging.ERROR)
GPS = 1000000.5  # early, so that a double has the digits of a nanosecond
NAMES = ("H1", "L1", "V1")
REFERENCE_HZ = 20.0
IFOS = {name: bilby.gw.detector.get_empty_interferometer(name) for name in NAMES}


def rounded(values, digits=12):
    return [float(f"{v:.{digits}g}") for v in np.ravel(values)]


def split(h, digits=10):
    return {"re": rounded(h.real, digits), "im": rounded(h.imag, digits)}


def aligo(f):
    """simulate/strain/spectrum.h: design_curve("aligo"), constant below 10 Hz."""
    f = np.maximum(f, 10)
    return 1.84e-23**2 * (f / 20)**-4.32 + 2.84e-24**2 * (f / 60)**-0.682 + 3.11e-24**2 * (1 + (f / 722.5)**2)


def detectors():
    return [{"name": n, "vertex": rounded(IFOS[n].geometry.vertex, 15), "response": rounded(IFOS[n].geometry.detector_tensor, 15),
             "lal_vertex": rounded(lal.cached_detector_by_prefix[n].location, 12),
             "lal_response": rounded(lal.cached_detector_by_prefix[n].response, 8)} for n in NAMES]


def antennas(random):
    gmst = lal.GreenwichMeanSiderealTime(lal.LIGOTimeGPS(GPS)) % (2 * np.pi)
    rows = []
    for _ in range(6):
        ra, dec, psi = random.uniform(0, 2 * np.pi), np.arcsin(random.uniform(-1, 1)), random.uniform(0, np.pi)
        for n in NAMES:
            rows.append({"detector": n, "longitude": ra - gmst, "latitude": dec, "psi": psi,
                         "plus": IFOS[n].antenna_response(ra, dec, GPS, psi, "plus"),
                         "cross": IFOS[n].antenna_response(ra, dec, GPS, psi, "cross"),
                         "delay": IFOS[n].time_delay_from_geocenter(ra, dec, GPS)})
    return rows


def baselines(random):
    rows = []
    for first, second in (("H1", "L1"), ("H1", "V1"), ("V1", "L1")):
        delta = IFOS[first].geometry.vertex - IFOS[second].geometry.vertex
        for _ in range(4):
            zenith, azimuth = np.arccos(random.uniform(-1, 1)), random.uniform(0, 2 * np.pi)
            theta, phi = geometry.zenith_azimuth_to_theta_phi(zenith, azimuth, delta)
            rows.append({"first": first, "second": second, "zenith": zenith, "azimuth": azimuth, "theta": theta, "phi": phi})
    return rows


def prior_rows():
    rows = []
    for yaml, prior in (({"type": "uniform", "min": 24.0, "max": 38.0}, priors.Uniform(24, 38)),
                        ({"type": "power_law", "exponent": 2.0, "min": 50.0, "max": 3000.0}, priors.PowerLaw(2, 50, 3000)),
                        ({"type": "power_law", "exponent": -1.0, "min": 0.5, "max": 8.0}, priors.PowerLaw(-1, 0.5, 8)),
                        ({"type": "power_law", "exponent": -2.35, "min": 5.0, "max": 80.0}, priors.PowerLaw(-2.35, 5, 80)),
                        ({"type": "sine"}, priors.Sine()), ({"type": "sine", "min": 0.3, "max": 1.9}, priors.Sine(0.3, 1.9)),
                        ({"type": "cosine"}, priors.Cosine()), ({"type": "cosine", "min": -0.4, "max": 1.1}, priors.Cosine(-0.4, 1.1))):
        u = np.array([0.01, 0.2, 0.5, 0.77, 0.999])
        x = prior.rescale(u)
        rows.append({"prior": yaml, "u": rounded(u), "x": rounded(x, 17)})
        if not (yaml["type"] in ("sine", "cosine") and "min" in yaml):  # which bilby does not normalise
            rows[-1]["log_density"] = rounded([prior.ln_prob(v) for v in x], 17)
    return rows


def generator(duration, rate):
    return bilby.gw.WaveformGenerator(
        duration=duration, sampling_frequency=rate, frequency_domain_source_model=bilby.gw.source.lal_binary_black_hole,
        parameter_conversion=bilby.gw.conversion.convert_to_lal_binary_black_hole_parameters,
        waveform_arguments=dict(waveform_approximant="IMRPhenomD", reference_frequency=REFERENCE_HZ, minimum_frequency=20.0))


def source(mc, q, chi1, chi2, distance, theta_jn, psi, phase):
    return dict(chirp_mass=mc, mass_ratio=q, chi_1=chi1, chi_2=chi2, luminosity_distance=distance, theta_jn=theta_jn, psi=psi, phase=phase)


SOURCES = [source(30, 0.8, 0.1, -0.2, 500, 0.7, 1.1, 0.4), source(8, 0.5, 0.6, 0.3, 200, 2.5, 0.3, 2.0),
           source(55, 0.15, -0.7, 0.7, 900, 1.4, 2.8, 5.5), source(20, 1, 0.8, 0.8, 1500, 0.1, 0.9, 3.3),
           source(15, 1 / 18, 0.9, -0.9, 300, 3.0, 1.9, 1.0), source(25, 0.3, -0.95, -0.95, 400, 1.0, 0.1, 0.0)]


def chirps():
    """Polarisations at some frequencies of a 4 s segment, and where the spectrum ends."""
    wave = generator(4, 2048)
    bins = np.unique(np.round(np.geomspace(80, 4000, 30)).astype(int))
    rows = []
    for parameters in SOURCES:
        h = wave.frequency_domain_strain(parameters)
        rows.append({**parameters, "bins": bins.tolist(), "end": int(np.nonzero(h["plus"])[0][-1]) + 1,
                     "peak": float(np.abs(h["plus"]).max()), "plus": split(h["plus"][bins]), "cross": split(h["cross"][bins])})
    return rows


def responses(random):
    """Strain in the detectors at some frequencies, signal-to-noise ratios and inner products. Time 0 is 2 s after the start."""
    wave = generator(4, 2048)
    bins = np.unique(np.round(np.geomspace(80, 4000, 12)).astype(int))
    frequencies = wave.frequency_array
    rows = []
    for parameters in SOURCES[:4]:
        ra, dec, time = random.uniform(0, 2 * np.pi), np.arcsin(random.uniform(-1, 1)), random.uniform(-0.1, 0.1)
        gmst = lal.GreenwichMeanSiderealTime(lal.LIGOTimeGPS(GPS + time)) % (2 * np.pi)
        p = {**parameters, "ra": ra, "dec": dec, "geocent_time": GPS + time}
        for n in NAMES:
            ifo = bilby.gw.detector.get_empty_interferometer(n)
            ifo.minimum_frequency, ifo.maximum_frequency = 20, 1000
            ifo.strain_data.set_from_zero_noise(sampling_frequency=2048, duration=4, start_time=GPS - 2)
            ifo.power_spectral_density = bilby.gw.detector.PowerSpectralDensity(frequency_array=frequencies, psd_array=aligo(frequencies))
            h = ifo.get_detector_response(wave.frequency_domain_strain(parameters), p)
            other = ifo.get_detector_response(wave.frequency_domain_strain(SOURCES[0]), {**p, **SOURCES[0]})
            # The phase of 2 s is a whole number of turns at every second frequency.
            shifted = h * np.exp(2j * np.pi * frequencies * 2)
            product = bilby.gw.utils.noise_weighted_inner_product(h[80:4001], other[80:4001], aligo(frequencies[80:4001]), 4)
            rows.append({**parameters, "detector": n, "longitude": ra - gmst, "latitude": dec, "geocentric_time": time,
                         "bins": bins.tolist(), "peak": float(np.abs(h).max()), **split(shifted[bins]),
                         "snr": float(np.sqrt(ifo.optimal_snr_squared(h).real)), "product": rounded([product.real, product.imag])})
    return rows


def likelihoods():
    """Log likelihood ratios of some binaries given noisy data of 2 s, 20 to 300 Hz. Time 0 is 1 s after the start."""
    bilby.core.utils.random.seed(7)
    wave = generator(2, 2048)
    frequencies = wave.frequency_array
    ifos = bilby.gw.detector.InterferometerList(["H1", "L1"])
    truth = {**source(30, 0.8, 0.1, -0.2, 1600, 0.5, 1.1, 0.4), "zenith": 0.8, "azimuth": 1.3, "time": 0.013}
    for ifo in ifos:
        ifo.minimum_frequency, ifo.maximum_frequency = 20, 300
        ifo.power_spectral_density = bilby.gw.detector.PowerSpectralDensity(frequency_array=frequencies, psd_array=aligo(frequencies))
    ifos.set_strain_data_from_power_spectral_densities(sampling_frequency=2048, duration=2, start_time=GPS - 1)
    ra, dec = bilby.gw.utils.zenith_azimuth_to_ra_dec(truth["zenith"], truth["azimuth"], GPS + truth["time"], ifos)
    geocentric = GPS + truth["time"] - ifos[0].time_delay_from_geocenter(ra, dec, GPS + truth["time"])
    ifos.inject_signal(parameters={**truth, "ra": ra, "dec": dec, "geocent_time": geocentric}, waveform_generator=wave)
    data, bins = [], slice(40, 601)
    for ifo in ifos:  # the digits of the fixture are those of the reference
        d = ifo.frequency_domain_strain * np.exp(2j * np.pi * frequencies)
        re, im = np.array(rounded(d.real, 6)), np.array(rounded(d.imag, 6))
        ifo.strain_data.frequency_domain_strain = (re + 1j * im) * np.exp(-2j * np.pi * frequencies)
        data.append({"detector": ifo.name, "re": re[bins].tolist(), "im": im[bins].tolist()})
    box = {k: priors.Uniform(0, 2 * np.pi) for k in ("phase",)}
    args = dict(reference_frame="H1L1", time_reference="H1")
    plain = bilby.gw.likelihood.GravitationalWaveTransient(ifos, wave, **args)
    marginal = bilby.gw.likelihood.GravitationalWaveTransient(ifos, wave, priors=box, phase_marginalization=True, **args)
    changes = [{}, {"chirp_mass": 31.5, "phase": 2.9}, {"mass_ratio": 0.4, "chi_1": -0.5}, {"theta_jn": 2.6, "psi": 0.2, "azimuth": 4.0},
               {"time": -0.02, "zenith": 2.0}, {"luminosity_distance": 2500, "time": 0.014}]
    rows = []
    for change in changes:
        p = {**truth, **change}
        given = {**p, "H1_time": GPS + p["time"]}
        rows.append({**p, "log_ratio": float(plain.log_likelihood_ratio(given)), "marginal": float(marginal.log_likelihood_ratio(given))})
    return {"first": 40, "last": 601, "step": 0.5, "data": data, "binaries": rows}


def welch():
    """Pseudo-random numbers that integers define, see welch_test.cpp."""
    rows = []
    for size, segment, overlap in ((1000, 128, 0.5), (700, 100, 0.25), (512, 101, 0.5)):
        i = np.arange(size, dtype=np.int64)
        x = (i * i * 7919 + i * 104729) % 1009 / 1009.0 - 0.5
        _, density = scipy.signal.welch(x, 64.0, "hann", segment, int(overlap * segment), detrend=False, average="median")
        rows.append({"size": size, "segment": segment, "overlap": overlap, "density": rounded(density, 14)})
    return rows


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    output = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else root / "tests/fixtures/strain/strain.json"
    random = np.random.default_rng(1)
    times = [630720013.0, 1126259462.391, 900000000.25, 1167264016.5, 1167264017.5, 1400000000.999999]
    coarse = np.arange(0, 600, 4.0)
    fine = np.arange(0, 512, 7.3)
    psd = bilby.gw.detector.PowerSpectralDensity(frequency_array=coarse, psd_array=aligo(coarse))
    x = np.array([0, 1e-3, 0.5, 3, 10, 19.9, 20.1, 50, 400, 1e5])
    contents = {
        "source": f"bilby {bilby.__version__}, LALSimulation {lalsimulation.__version__}, SciPy {scipy.__version__}",
        "detectors": detectors(), "antennas": antennas(random), "baselines": baselines(random),
        "sidereal": [[t, lal.GreenwichMeanSiderealTime(lal.LIGOTimeGPS(t)) % (2 * np.pi)] for t in times],
        "priors": prior_rows(), "chirps": chirps(), "responses": responses(random), "likelihood": likelihoods(),
        "interpolated": {"step": 7.3, "density": rounded(psd.get_power_spectral_density_array(fine), 14)},
        "zero_det_high_p": {str(f): float(np.sqrt(lalsimulation.SimNoisePSDaLIGOZeroDetHighPower(f))) for f in (20, 40, 100, 300, 900)},
        "log_i0": [rounded(x), rounded(np.log(scipy.special.i0e(x)) + x, 15)], "welch": welch()}
    output.parent.mkdir(parents=True, exist_ok=True)
    text = "{" + ",\n".join(f'"{k}":{json.dumps(v, separators=(",", ":"))}' for k, v in contents.items()) + "}\n"
    output.write_text(text)
    print(f"{output}: {output.stat().st_size} bytes")


if __name__ == "__main__":
    main()
